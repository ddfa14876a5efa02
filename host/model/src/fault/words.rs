//! What servers say where a status says too little, in lower case.

/// What servers call a request that does not fit the model's window, in lower case. The list never ends: a long
/// conversation that is refused in other words is taken for too long as well, by whoever knows how long it is.
pub(super) const TOO_LONG: [&str; 37] = [
    "context_length_exceeded",
    "context_window_exceeded",
    "exceed_context_size",
    "model_max_prompt_tokens_exceeded",
    "string_above_max_length",
    "maximum context length",
    "maximum prompt length",
    "maximum input length",
    "maximum number of tokens allowed",
    "maximum allowed input",
    "model token limit",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input too long",
    "too many tokens",
    "too many input tokens",
    "too large for model",
    "input length exceeds",
    "input length and",
    "input token count",
    "range of input length",
    "exceed context limit",
    "exceeds the context",
    "exceeds context",
    "exceeds the available context",
    "exceeds the model's context",
    "exceeds the maximum context",
    "greater than the context length",
    "longer than the model's context",
    "longer than the maximum",
    "larger than the maximum context",
    "reduce the length of the messages",
    "reduce the length of your",
    "context window",
    "context the overflows",
    "context length of only",
];

/// What servers say of a model, or of themselves, that take no tools, in lower case: Ollama, vLLM, OpenRouter, llama.cpp,
/// OpenAI, Groq, LM Studio.
pub(super) const NO_TOOLS: [&str; 14] = [
    "does not support tool",
    "doesn't support tool",
    "do not support tool",
    "does not support function",
    "doesn't support function",
    "support tool use",
    "tools is not supported",
    "`tools` is not supported",
    "tool calling is not supported",
    "tool use is not supported",
    "function calling is not supported",
    "function calling is not enabled",
    "enable-auto-tool-choice",
    "--jinja",
];

/// What servers say of a wrong key where the status says something else, in lower case.
pub(super) const WRONG_KEY: [&str; 6] = [
    "api key not valid",
    "invalid api key",
    "invalid_api_key",
    "api_key_invalid",
    "incorrect api key",
    "invalid authentication",
];

/// What is surely not about length, in lower case.
pub(super) const WRONG_MODEL: [&str; 7] = [
    "model_not_found",
    "model not found",
    "no such model",
    "unknown model",
    "invalid model",
    "not a valid model",
    "does not exist",
];

/// What servers say where the account has no money left, in lower case; waiting does not help.
pub(super) const NO_CREDIT: [&str; 4] =
    ["insufficient_quota", "credit balance", "insufficient credits", "billing_hard_limit"];

/// What is about too many requests or too little room on the server, and never about the length of one request.
pub(super) const RATES: [&str; 18] = [
    "rate limit",
    "rate_limit",
    "rate-limit",
    "ratelimit",
    "too many requests",
    "slow down",
    "throttl",
    "overload",
    "at capacity",
    "over capacity",
    "tokens per min",
    "requests per min",
    "tokens per day",
    "requests per day",
    "quota",
    "is busy",
    "too busy",
    "too many concurrent",
];

/// What is about the account, and never about the length of a request.
pub(super) const ACCOUNT: [&str; 14] = [
    "log in",
    "login",
    "logged in",
    "sign in",
    "signed in",
    "billing",
    "payment",
    "unauthorized",
    "unauthenticated",
    "authentication",
    "subscription",
    "credit balance",
    "insufficient credits",
    "insufficient balance",
];
