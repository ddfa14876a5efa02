//! Every mistake is named with its remedy, and the environment wins over the file.

use steward_model::{ANTHROPIC, OPENAI, REHEARSAL};

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn error(text: &str, pairs: &[(&str, &str)]) -> String {
    let environment = environment(pairs);
    let result = environment.check_names().and_then(|()| Config::parse(text, &environment));
    result.expect_err("this configuration is wrong").to_string()
}

#[test]
fn nothing_configured_is_a_whole_configuration() {
    let config = Config::parse("", &Environment::default()).unwrap();
    assert_eq!(config.data, Path::new("data"));
    assert!(config.telegram.is_none());
    assert_eq!(config.models, ModelPlan::LocalFirst { model: None, otherwise: vec![] });
}

#[test]
fn mistakes_name_the_key_and_the_remedy() {
    /// The file, the environment, and words of the error.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: &[Case] = &[
        ("heartbeat_minuts = 3", &[], &["heartbeat_minuts", "heartbeat_minutes", "docs/reference/settings.md"]),
        ("[limits]\nsteps = 0", &[], &["limits.steps", "1 to 1000"]),
        ("[limits]\nsteps = \"many\"", &[], &["steps", "invalid type"]),
        ("time_zone = \"Mars/Olympus\"", &[], &["time_zone", "Mars/Olympus", "Europe/Berlin"]),
        ("", &[("TZ", "Nowhere")], &["TZ", "Nowhere", "IANA"]),
        ("", &[("HEARTBEAT_INTERVAL_MINUTES", "often")], &["HEARTBEAT_INTERVAL_MINUTES", "often", "minutes"]),
        ("heartbeat_minutes = -5", &[], &["heartbeat_minutes", "-5"]),
        ("", &[("TG_BOT_TOKEN", "secret")], &["TG_BOT_TOKEN", "@BotFather"]),
        ("", &[("TG_OWNER_IDS", "1, me")], &["TG_OWNER_IDS", "me", "@userinfobot"]),
        ("", &[("TG_API_URL", "localhost:80")], &["TG_API_URL", "http://"]),
        ("", &[("OPENAI_BASE_URL", "localhost")], &["OPENAI_BASE_URL", "http://"]),
        ("", &[("STEWARD_DATTA", "x")], &["STEWARD_DATTA", "STEWARD_DATA"]),
        ("[roles.owner]\nkv = \"write\"", &[], &["roles.owner", "built in"]),
        ("[origins.triger]\nprocess = false", &[], &["origins.triger", "trigger"]),
        ("[origins.trigger]\nprocces = false", &[], &["origins.trigger", "procces", "process"]),
        ("[origins.trigger]\nprocess = 3", &[], &["process", "write false"]),
        ("[origins.chat]\nmemory = \"read\"", &[], &["origins.chat", "no read-only form"]),
        ("[http]\nallow_private = [\"nas\"]", &[], &["http.allow_private", "nas", "192.168"]),
        ("[[models]]\nprovider = \"anthropic\"", &[], &["models[0].model", "claude"]),
        ("[[models]]\nprovider = \"opnai\"", &[], &["opnai", "`openai`", "`anthropic`", "`rehearsal`"]),
        ("[approval]\nsend = \"perhaps\"", &[], &["perhaps", "automatic", "deny"]),
        ("[audit]\nrecord = \"some\"", &[], &["audit.record", "some", "list of plugins"]),
        ("[audit]\nkeep_days = 0", &[], &["audit.keep_days", "1 to 3650"]),
        ("[memory]\ndistil_after = \"soon\"", &[], &["memory.distil_after", "soon", "minutes"]),
        ("[memory]\ndistil_after = \"3 days\"", &[], &["memory.distil_after", "up to a day"]),
        ("[memory]\ndistil_after = -5", &[], &["distil_after", "minutes, such as 30"]),
        ("[memory]\noffer_tokens = 100000", &[], &["memory.offer_tokens", "0 to 10000"]),
        ("[access]\nopen_to = \"friends\"", &[], &["friends", "everyone", "paired", "owners"]),
        ("[access.limits]\nmegabites = 5", &[], &["megabites", "megabytes"]),
        ("[access.limits]\nmessages = 9000000", &[], &["access.limits.messages", "0 (none at all) to 1000000"]),
        ("[access.limits]\nkeep_days = 0", &[], &["access.limits.keep_days", "1 to 3650"]),
        ("[access.limits.together]\nmoney = -1.0", &[], &["access.limits.together.money", "no limit"]),
        ("[access.limits]\nmoney = 1.0", &[], &["access.limits.money", "price_in", "price_out"]),
        ("[[models]]\nprovider = \"openai\"\nprice_in = -2.0", &[], &["models[0].price_in", "such as 2.5"]),
        ("[serve]\nport = 8080", &[], &["port", "address", "docs/reference/settings.md"]),
        ("[serve]\naddress = \"0.0.0.0:8080\"", &[], &["serve.address", "STEWARD_SERVE_KEY", "127.0.0.1:8080"]),
        ("", &[("STEWARD_SERVE_ADDRESS", "everywhere")], &["serve.address", "everywhere", "127.0.0.1:8080"]),
        ("[approval]\nseconds = 0", &[], &["approval.seconds", "1 to 86400"]),
        ("[approval.origins.night]\nsend = \"ask\"", &[], &["night", "heartbeat"]),
    ];
    for (text, pairs, words) in cases {
        let error = error(text, pairs);
        for word in *words {
            assert!(error.contains(word), "{text:?} {pairs:?}: “{word}” is missing in: {error}");
        }
    }
}

#[test]
fn a_time_is_minutes_or_says_its_unit() {
    let after = |text: &str| {
        let config = Config::parse(&format!("[memory]\n{text}"), &Environment::default()).unwrap();
        config.memory.distil_after.map(|time| time.as_secs())
    };
    assert_eq!(after(""), Some(1_800));
    assert_eq!(after("distil_after = 5"), Some(300));
    assert_eq!(after("distil_after = \"90s\""), Some(90));
    assert_eq!(after("distil_after = \"2h\""), Some(7_200));
    assert_eq!(after("distil_after = 0"), None);
}

#[test]
fn a_token_is_never_repeated_in_an_error() {
    assert!(!error("", &[("TG_BOT_TOKEN", "hunter2")]).contains("hunter2"));
    let pairs = [("STEWARD_SERVE_ADDRESS", "0.0.0.0:80"), ("STEWARD_SERVE_KEY", "hunter2")];
    assert!(!error("", &pairs).contains("hunter2"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let text = "data = \"from-file\"\nhttp_proxy = \"http://a:1\"\n[telegram]\ntoken = \"1:a\"\nowners = [1]";
    let pairs = [("STEWARD_DATA", "/d"), ("TG_OWNER_IDS", "[2, 3]"), ("HTTP_PROXY", "http://b:2")];
    let config = Config::parse(text, &environment(&pairs)).unwrap();
    assert_eq!(config.data, Path::new("/d"));
    assert_eq!(config.http_proxy.as_ref().map(Url::as_str), Some("http://b:2/"));
    let telegram = config.telegram.unwrap();
    assert_eq!((telegram.token.as_str(), telegram.owners), ("1:a", vec![2, 3]));
}

#[test]
fn owner_ids_are_read_in_every_usual_form() {
    for text in ["5,6", "[5, 6]", "[\"5\",\"6\"]", " 5 , 6 "] {
        let pairs = [("TG_BOT_TOKEN", "1:a"), ("TG_OWNER_IDS", text)];
        assert_eq!(Config::parse("", &environment(&pairs)).unwrap().telegram.unwrap().owners, [5, 6], "{text}");
    }
    let pairs = [("TG_BOT_TOKEN", "1:a"), ("TG_USER_ID", "7"), ("TG_OWNER_IDS", "")];
    assert_eq!(Config::parse("", &environment(&pairs)).unwrap().telegram.unwrap().owners, [7]);
}

#[test]
fn a_key_alone_comes_after_a_local_server_and_an_address_before_it() {
    let plan = |pairs: &[(&str, &str)]| Config::parse("", &environment(pairs)).unwrap().models;
    let ModelPlan::LocalFirst { otherwise, .. } = plan(&[("ANTHROPIC_API_KEY", "k")]) else { panic!("local first") };
    assert_eq!(otherwise[0].provider, &ANTHROPIC);
    let ModelPlan::Configured(models) = plan(&[("OPENAI_BASE_URL", "http://h:1/v1")]) else { panic!("configured") };
    assert_eq!(models[0].base_url.as_deref(), Some("http://h:1/v1"));
    let pairs = [("OPENAI_API_KEY", "a"), ("ANTHROPIC_API_KEY", "b"), ("MODEL", "claude-x")];
    let ModelPlan::Configured(models) = plan(&pairs) else { panic!("configured") };
    let order: Vec<_> = models.iter().map(|m| (m.provider, m.model.as_deref())).collect();
    assert_eq!(order, [(&ANTHROPIC, Some("claude-x")), (&OPENAI, Some("gpt-5.1"))]);
    let ModelPlan::Configured(models) = plan(&[("MODEL", "rehearsal")]) else { panic!("configured") };
    assert_eq!(models[0].provider, &REHEARSAL);
}

#[test]
fn a_key_of_the_environment_goes_only_to_its_provider_s_own_address() {
    let text = "[[models]]\nprovider = \"openai\"\nbase_url = \"http://nas:1234/v1\"";
    let ModelPlan::Configured(models) = Config::parse(text, &environment(&[("OPENAI_API_KEY", "k")])).unwrap().models
    else {
        panic!("configured")
    };
    assert_eq!(models[0].key, None);
}
