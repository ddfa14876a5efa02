//! What servers say instead of an answer, and what becomes of it.

use serde_json::json;

use super::*;

fn failure(status: u16, body: &str) -> Failure {
    complaint(Some(status), body).into_failure()
}

fn complaint(status: Option<u16>, body: &str) -> Complaint<'_> {
    let (retry_after, key, streamed) = (None, Some("sk-1"), false);
    Complaint { address: "api.test", model: "m", status, streamed, retry_after, body, key }
}

fn streamed(body: &str) -> Failure {
    let status = serde_json::from_str(body).ok().and_then(|piece| status_of(&piece));
    Complaint { streamed: true, ..complaint(status, body) }.into_failure()
}

#[test]
fn every_server_s_words_for_too_long_are_known() {
    let bodies = [
        r#"{"error":{"message":"Your input exceeds the limit.","code":"context_length_exceeded"}}"#,
        r#"{"type":"error","error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
        r#"{"error":{"message":"input length and `max_tokens` exceed context limit: 199000 + 4096"}}"#,
        r#"{"error":"Trying to keep the first 5123 tokens when context the overflows."}"#,
        r#"{"error":"The model is loaded with context length of only 4096 tokens"}"#,
        r#"{"error":"The number of tokens to keep from the initial prompt is greater than the context length."}"#,
        r#"{"error":{"message":"the request is too large","type":"exceed_context_size_error"}}"#,
        r#"{"error":{"message":"the request exceeds the available context size"}}"#,
        r#"{"error":"the input length exceeds the context length"}"#,
        r#"{"object":"error","message":"This model's maximum context length is 4096 tokens."}"#,
        r#"{"error":{"message":"Invalid request: Your request exceeded model token limit: 8192"}}"#,
        r#"{"error":"This model's maximum prompt length is 131072 but the request contains 131100 tokens."}"#,
        r#"{"code":"InvalidParameter","message":"Range of input length should be [1, 30720]"}"#,
        r#"{"detail":"The prompt (5000 tokens) is longer than the model's context length (4096 tokens)."}"#,
        r#"{"error":{"message":"Please reduce the length of the messages or completion."}}"#,
        r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum","status":"INVALID_ARGUMENT"}}]"#,
    ];
    for body in bodies {
        let failure = failure(400, body);
        assert!(matches!(failure.error, ModelError::TooLong { .. }), "{body}: {failure:?}");
        assert_eq!(failure.again, Again::Never);
    }
    assert!(matches!(failure(413, "").error, ModelError::TooLong { .. }));
}

#[test]
fn the_status_decides_whether_to_ask_again() {
    for status in [408, 409, 429, 500, 502, 503, 504, 529] {
        assert_eq!(failure(status, "busy").again, Again::Soon, "{status}");
    }
    for status in [400, 401, 403, 404, 413, 422] {
        assert_eq!(failure(status, "no").again, Again::Never, "{status}");
    }
    assert!(matches!(failure(401, "").error, ModelError::Refused { .. }));
    assert!(matches!(failure(529, "").error, ModelError::Overloaded { .. }));
    let broke = failure(429, r#"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#);
    assert_eq!(broke.again, Again::Never);
}

#[test]
fn the_reason_is_the_server_s_and_never_holds_the_key() {
    let told = failure(401, r#"{"error":{"message":"Incorrect API key provided: sk-1.\nTry another."}}"#);
    let expected = "the model at api.test refused the key: Incorrect API key provided: …. Try another. (HTTP 401)";
    assert_eq!(told.error.to_string(), expected);
    assert!(failure(500, &"x".repeat(5000)).error.to_string().len() < 400);
    assert!(failure(404, "").error.to_string().ends_with("HTTP 404"));
}

#[test]
fn errors_inside_of_a_stream_have_a_status_too() {
    assert_eq!(status_of(&json!({"type": "overloaded_error"})), Some(529));
    assert_eq!(status_of(&json!({"error": {"code": 502}})), Some(502));
    assert_eq!(status_of(&json!({"code": "429"})), Some(429));
    assert_eq!(status_of(&json!({"error": {"code": null, "type": "rate_limit_error"}})), Some(429));
    assert_eq!(status_of(&json!({"error": {"status": "UNAVAILABLE"}})), Some(503));
    assert_eq!(status_of(&json!({"message": "?"})), None);
}

#[test]
fn an_error_is_found_in_every_shape() {
    let errors = [
        json!({"error": "x"}),
        json!({"error": {"message": "x"}}),
        json!({"error": {"message": {"detail": "x"}}}),
        json!({"detail": "x"}),
        json!({"detail": [{"loc": ["body"], "msg": "x", "type": "y"}]}),
        json!({"message": "x"}),
        json!({"msg": "x", "code": 1302}),
        json!({"object": "error", "message": "x", "id": "7"}),
        json!({"type": "error", "error": {"type": "t", "message": "x"}}),
        json!({"errors": [{"message": "x"}]}),
        json!({"base_resp": {"status_code": 1004, "status_msg": "x"}, "choices": null}),
    ];
    for error in errors {
        assert!(is_error(&error), "{error}");
        assert_eq!(message_of(&error.to_string()).as_deref(), Some("x"), "{error}");
    }
    let fine = [
        json!({"choices": [], "error": null}),
        json!({"choices": [], "error": ""}),
        json!({"choices": [], "error": {}}),
        json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": ""}}),
        json!({"type": "ping"}),
        json!({"id": "x", "message": "m"}),
        json!({"usage": {}, "message": ""}),
    ];
    for piece in fine {
        assert!(!is_error(&piece), "{piece}");
    }
}

#[test]
fn a_word_that_serves_as_a_key_is_not_cut_out_of_what_the_server_says() {
    let says = |key: &str, words: &str| without_key(words, key);
    for key in ["x", "ollama", "none", "lm-studio", "not-needed", "sk-"] {
        let words = format!("ollama cannot load llama-x: no {key} in the box of lm-studio");
        assert_eq!(says(key, &words), words, "{key}");
    }
    assert_eq!(says("sk-1", "key sk-1 is wrong, sk-12 is another"), "key … is wrong, sk-12 is another");
    assert_eq!(says("0123abcd", "key 0123abcd."), "key ….");
    assert_eq!(says("abcdefghijklmnopqrst", "xabcdefghijklmnopqrst"), "x…");
}

#[test]
fn a_model_without_tools_is_told_apart() {
    let bodies = [
        (400, r#"{"error":{"message":"registry.ollama.ai/library/gemma:2b does not support tools"}}"#),
        (
            400,
            r#"{"object":"error","message":"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"}"#,
        ),
        (404, r#"{"error":{"message":"No endpoints found that support tool use.","code":404}}"#),
        (500, r#"{"error":{"code":500,"message":"tools param requires --jinja flag"}}"#),
        (400, r#"{"error":{"message":"`tools` is not supported with this model"}}"#),
    ];
    for (status, body) in bodies {
        let failure = failure(status, body);
        assert!(matches!(failure.error, ModelError::NoTools { .. }), "{failure:?}");
        assert_eq!(failure.again, Again::Never);
    }
}

#[test]
fn what_may_be_too_long_in_other_words_is_told_apart_from_what_is_surely_not() {
    let rejected = |status, body: &str| matches!(failure(status, body).error, ModelError::Rejected { .. });
    assert!(rejected(400, "Bad Request") && rejected(422, r#"{"detail":"nope"}"#));
    let key = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key."}}"#;
    assert!(matches!(failure(400, key).error, ModelError::Refused { .. }));
    assert!(!rejected(400, r#"{"error":"model not found"}"#) && !rejected(404, "x") && !rejected(500, "x"));
}

#[test]
fn an_error_inside_of_a_stream_is_about_the_length_only_if_it_says_so() {
    let limited = streamed(r#"{"error":"rate limited, slow down"}"#);
    assert!(matches!(limited.error, ModelError::Overloaded { .. }), "{limited:?}");
    assert_eq!(limited.again, Again::Soon);
    for body in [
        r#"{"error":"something went wrong"}"#,
        r#"{"error":{"message":"Bad Request","code":400}}"#,
        r#"{"error":{"message":"Provider returned error","type":"invalid_request_error"}}"#,
        r#"{"error":"please log in again"}"#,
    ] {
        let failure = streamed(body);
        assert!(matches!(failure.error, ModelError::Invalid { .. }), "{body}: {failure:?}");
    }
    let long = streamed(r#"{"error":"the prompt is too long: 9000 tokens"}"#);
    assert!(matches!(long.error, ModelError::TooLong { .. }), "{long:?}");
}

#[test]
fn what_speaks_of_rates_or_of_the_account_is_never_about_the_length() {
    for words in [
        "rate limited, slow down",
        "Rate limit reached: too many tokens per minute",
        "You exceeded your quota of the context window service",
        "The engine is overloaded",
        "Please login to use a longer context window",
        "Insufficient balance, check your billing: prompt is too long for the free plan",
        "Authentication failed",
    ] {
        for status in [None, Some(400), Some(413), Some(422)] {
            let failure = complaint(status, words).into_failure();
            let about = matches!(failure.error, ModelError::TooLong { .. } | ModelError::Rejected { .. });
            assert!(!about, "{status:?} {words}: {failure:?}");
            assert!(failure.error.to_string().contains(words), "{failure:?}");
        }
    }
}
