//! From an HTTP request to the method it calls: the token, the record of calls, the failures ordered by the test.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::response::Response;
use axum::routing::{any, get};
use serde_json::{Value, json};

use super::answer::{ApiError, bad_gateway, body, cut, respond};
use super::chat::bot_json;
use super::failure::Failure;
use super::params::Params;
use super::world::World;
use super::{Call, Shared, TOKEN, media, messages, updates};

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/{bot}/{method}", any(call))
        .route("/file/{bot}/{*path}", get(download))
        .fallback(async || respond(Err(ApiError::new(404, "Not Found"))))
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

async fn call(
    State(shared): State<Arc<Shared>>,
    Path((bot, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    if let Err(error) = check_token(&bot) {
        return respond(Err(error));
    }
    let method = spelled(&method);
    let params = match Params::read(request).await {
        Ok(params) => params,
        Err(error) => return respond(Err(error)),
    };
    let failure = shared.change(|world| world.record(&method, &params));
    match failure {
        None => respond(perform(&shared, &method, &params).await),
        Some(failure) => fail(&shared, &method, &params, failure).await,
    }
}

async fn download(State(shared): State<Arc<Shared>>, Path((bot, path)): Path<(String, String)>) -> Response {
    if let Err(error) = check_token(&bot) {
        return respond(Err(error));
    }
    let failure = shared.change(|world| world.record("download", &Params::default()));
    match failure {
        None => media::download(&shared.look(), &path),
        Some(Failure::HoldBefore(gate) | Failure::HoldAfter(gate)) => {
            gate.pass().await;
            media::download(&shared.look(), &path)
        }
        Some(failure) => fail(&shared, "download", &Params::default(), failure).await,
    }
}

async fn fail(shared: &Arc<Shared>, method: &str, params: &Params, failure: Failure) -> Response {
    match failure {
        Failure::TooMany { retry_after } => respond(Err(ApiError::too_many(retry_after))),
        Failure::BadGateway => bad_gateway(),
        Failure::Cut => cut(),
        Failure::CutAfter => {
            drop(perform(shared, method, params).await);
            cut()
        }
        Failure::Hang => std::future::pending().await,
        Failure::HoldBefore(gate) => {
            gate.pass().await;
            respond(perform(shared, method, params).await)
        }
        Failure::HoldAfter(gate) => {
            let result = perform(shared, method, params).await;
            gate.pass().await;
            respond(result)
        }
        Failure::Refuse { code, description } => respond(Err(ApiError::new(code, description))),
        Failure::Garbage(text) => body(200, text),
    }
}

async fn perform(shared: &Arc<Shared>, method: &str, params: &Params) -> Result<Value, ApiError> {
    if method == "getUpdates" {
        return updates::get_updates(shared, params).await;
    }
    shared.change(|world| match method {
        "getMe" => Ok(me()),
        "sendMessage" => messages::send_message(world, params),
        "editMessageText" => messages::edit_message_text(world, params),
        "deleteMessage" => messages::delete_message(world, params),
        "sendMessageDraft" => messages::send_message_draft(world, params),
        "sendChatAction" => messages::send_chat_action(world, params),
        "answerCallbackQuery" => messages::answer_callback_query(world, params),
        "setMyCommands" => messages::set_my_commands(world, params),
        "getMyCommands" => messages::get_my_commands(world, params),
        "sendDocument" => media::send_file(world, params, "document"),
        "sendPhoto" => media::send_file(world, params, "photo"),
        "getFile" => media::get_file(world, params),
        "deleteWebhook" => Ok(json!(true)),
        _ => Err(ApiError::new(404, "Not Found: method not found")),
    })
}

impl World {
    /// Notes a request down and gives the failure that awaits it.
    fn record(&mut self, method: &str, params: &Params) -> Option<Failure> {
        self.calls.push(Call { method: method.to_owned(), params: Value::Object(params.fields.clone()) });
        if self.offline {
            return Some(Failure::Cut);
        }
        self.failures.get_mut(method)?.pop_front()
    }
}

fn check_token(bot: &str) -> Result<(), ApiError> {
    let shaped = |token: &str| token.split_once(':').is_some_and(|(id, _)| id.parse::<i64>().is_ok());
    match bot.strip_prefix("bot") {
        Some(TOKEN) => Ok(()),
        Some(token) if shaped(token) => Err(ApiError::new(401, "Unauthorized")),
        _ => Err(ApiError::new(404, "Not Found")),
    }
}

/// The method as the documentation spells it; clients may begin it with a capital.
fn spelled(method: &str) -> String {
    let mut letters = method.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn me() -> Value {
    let mut me = bot_json();
    for (field, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", false),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
    ] {
        me[field] = json!(value);
    }
    me
}
