//! What passes of a configuration, and what never does.

use proptest::prelude::*;

use super::*;

fn written(text: &str) -> String {
    Settings::read(text.as_bytes()).unwrap().written("")
}

fn passed(text: &str) -> Vec<String> {
    let one = |setting: &Setting| {
        let name = setting.name.as_deref().map(|name| format!(".{name}")).unwrap_or_default();
        format!("{}{name}.{}={}", setting.section, setting.key, setting.value.as_deref().unwrap_or("(true)"))
    };
    Settings::read(text.as_bytes()).unwrap().passed.iter().map(one).collect()
}

#[test]
fn a_file_is_read_as_git_reads_it() {
    let text = "\u{feff}# c\n[core] fileMode = false ; c\n\tautocrlf\n[User]\n\tname = \" Olga # \" \\\n  P. ; c\n\
                [remote \"origin\"]\r\n\turl=https://a.org/\\\"x\r\n[branch.Main]\nremote = origin\n";
    assert_eq!(
        passed(text),
        [
            "core.filemode=false",
            "core.autocrlf=(true)",
            "user.name= Olga #    P.",
            "remote.origin.url=https://a.org/\"x",
            "branch.main.remote=origin",
        ]
    );
    for (wrong, line) in
        [("x = 1", 1), ("[a\n]", 2), ("[a \"b]", 1), ("[a]\nb = \"c\n", 3), ("[a]\nb = \\q", 2), ("[a]\n=", 2)]
    {
        assert_eq!(parse(wrong), Err(line), "{wrong}");
    }
}

#[test]
fn what_names_programs_files_or_ways_never_passes() {
    let hostile = [
        "[extensions]\npartialClone = evil\n[remote \"evil\"]\nurl = .\npromisor = true\nuploadpack = \"sh -c 'id > pwned' #\"",
        "[core]\nfsmonitor = touch x\nhooksPath = h\nsshCommand = x\ngitProxy = x\nworktree = ..\nattributesFile = a\npager = x\neditor = x\naskPass = x\nalternateRefsCommand = x\nprotectNTFS = false\nprotectHFS = false",
        "[include]\npath = x\n[includeIf \"gitdir:/\"]\npath = x",
        "[alias]\nstatus = !x\n[filter \"lfs\"]\nprocess = x\n[diff]\nexternal = x\n[diff \"x\"]\ntextconv = x\n[merge \"x\"]\ndriver = x",
        "[credential]\nhelper = !x\n[credential \"https://github.com\"]\nhelper = !x\n[gpg]\nprogram = x\n[gpg \"ssh\"]\ndefaultKeyCommand = x",
        "[url \"https://evil/\"]\ninsteadOf = https://github.com/\npushInsteadOf = x\n[http]\nproxy = x\n[http \"https://a\"]\nextraHeader = x",
        "[remote \"https://github.com/o/r\"]\npushurl = ../evil.git\n[remote \"a::b\"]\nurl = x\n[remote \"-x\"]\nurl = x",
        "[remote \"o\"]\nreceivepack = x\nuploadpack = x\nvcs = x\npromisor = true\nproxy = x\nmirror = true\npush = x\nfetch = ext::x",
        "[submodule \"x\"]\nupdate = !x\nurl = x\n[protocol \"ext\"]\nallow = always\n[pager]\nlog = x\n[interactive]\ndiffFilter = x",
        "[branch \"main\"]\nremote = ext::sh\nmerge = x\n[branch \"m\"]\nremote = https://evil/\n[trailer \"x\"]\ncommand = x",
        "[uploadpack]\npackObjectsHook = x\n[sequence]\neditor = x\n[sendemail]\nsmtpserver = x\n[man]\nviewer = x",
        "[core \"x\"]\nfilemode = true\n[user \"x\"]\nname = y\n[core]\nautocrlf = x\nabbrev = 12345\n[user]\nname = \"a\\nb\"",
    ];
    for text in hostile {
        let left: Vec<_> =
            passed(text).into_iter().filter(|one| one != "remote.evil.url=." && one != "submodule").collect();
        assert_eq!(left, [""; 0], "{text}");
    }
    let settings = Settings::read(hostile[0].as_bytes()).unwrap();
    assert!(settings.is_partial && !settings.written("").contains("romisor"));
}

#[test]
fn a_value_cannot_write_a_line_of_its_own() {
    let told = written("[user]\nname = \"a\\\"b\\\\\"\n[remote \"o\"]\nurl = \"x\\\"]\"\n");
    assert!(told.contains("\tname = \"a\\\"b\\\\\"\n") && told.contains("\turl = \"x\\\"]\"\n"), "{told}");
    assert!(written("[core]\nbare").contains("bare = false"));
    assert!(Settings::default().with_kind(true).written("").contains("bare = true"));
}

#[test]
fn a_kind_of_repository_that_is_not_supported_is_told() {
    for (text, word) in [
        ("[core]\nrepositoryformatversion = 2", "format 2"),
        ("[extensions]\nrefStorage = reftable", "another format than files"),
        ("[extensions]\nobjectFormat = md5", "of its own"),
    ] {
        let told = Settings::read(text.as_bytes()).unwrap_err();
        assert!(matches!(&told, Failure::Denied(text) if text.contains(word)), "{told:?}");
    }
    assert_eq!(Settings::read(b"[extensions]\nobjectFormat = sha256").unwrap().digits(), 64);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_and_nothing_else(text in "(\\[(core|remote|user|filter)( \"[a-z\\\\\"]*\")?\\]\n|[a-z]{1,6} ?=? ?[^\n]{0,20}\n|\\PC{0,12}\n){0,12}") {
        if let Ok(settings) = Settings::read(text.as_bytes()) {
            let again = Settings::read(settings.written("").as_bytes()).unwrap();
            prop_assert!(again.passed.starts_with(&settings.passed));
        }
    }
}
