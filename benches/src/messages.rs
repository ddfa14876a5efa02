//! Messages through the whole path: Telegram, inbox, session, model, outbox, Telegram. Compared with a bot that has
//! nothing of that, and with the terminal, which knows no limit on messages.

use std::time::Duration;

use steward_tests::Telegram;

use crate::bare::Bare;
use crate::crowd::{ANSWER, Answered, QUESTION, at_once, one_after_another, people};
use crate::figures::{Samples, number, print, ratio, time};
use crate::scene::{Effort, Scene};
use crate::terminal::Chat;

const IN_TURN: usize = 60;
const AT_ONCE: usize = 100;
const PACED: usize = 20;
/// Between two messages, so that Steward stays below Telegram's limits.
const PACE: Duration = Duration::from_millis(400);
const IN_TERMINAL: usize = 200;
/// Messages in the terminal before it begins a new conversation.
const CONVERSATION: usize = 10;

type Row = [String; 7];

pub(crate) async fn take() -> anyhow::Result<()> {
    let (bare_in_turn, bare_at_once) = bare().await?;
    let mut rows = vec![row("bare bot, one after another", &bare_in_turn, None, &bare_in_turn)];
    rows.push(row("bare bot, 100 at once", &bare_at_once, None, &bare_at_once));
    let scene = Scene::open().await?;
    let telegram = &scene.telegram;
    let crowds = [people(telegram, PACED, 1_000), people(telegram, IN_TURN, 2_000), people(telegram, AT_ONCE, 3_000)];

    let (paced, effort) = measured(&scene, one_after_another(&crowds[0], PACE)).await?;
    let [what, _, rest @ ..] = row("Steward, one every 0.4 s", &paced, Some(effort), &bare_in_turn);
    let [p50, p95, calls, used, _] = rest;
    let slower = ratio(paced.waits.median().as_secs_f64(), bare_in_turn.waits.median().as_secs_f64());
    rows.push([what, "—".to_owned(), p50, p95, calls, used, format!("wait {slower}")]);

    let (in_turn, effort) = measured(&scene, one_after_another(&crowds[1], Duration::ZERO)).await?;
    rows.push(row("Steward, one after another", &in_turn, Some(effort), &bare_in_turn));
    let (all, effort) = measured(&scene, at_once(&crowds[2])).await?;
    rows.push(row("Steward, 100 at once", &all, Some(effort), &bare_at_once));
    let (typed, effort) = measured(&scene, in_terminal(&scene)).await?;
    rows.push(row("Steward, one after another in the terminal", &typed, Some(effort), &bare_in_turn));
    scene.close().await?;
    let header = [
        "path",
        "messages a second",
        "wait p50",
        "p95",
        "Bot API calls a message",
        "CPU of Steward a message",
        "bare bot is",
    ];
    print(header, rows);
    Ok(())
}

/// The bare bot, with a separate Telegram.
async fn bare() -> anyhow::Result<(Answered, Answered)> {
    let telegram = Telegram::start().await;
    let _bot = Bare::start(&telegram, ANSWER);
    telegram.polled().await;
    let warm_up = people(&telegram, 10, 500);
    one_after_another(&warm_up, Duration::ZERO).await?;
    let in_turn = one_after_another(&people(&telegram, IN_TURN, 2_000), Duration::ZERO).await?;
    Ok((in_turn, at_once(&people(&telegram, AT_ONCE, 3_000)).await?))
}

async fn measured(
    scene: &Scene,
    crowd: impl Future<Output = anyhow::Result<Answered>>,
) -> anyhow::Result<(Answered, Effort)> {
    let before = scene.effort()?;
    let answered = crowd.await?;
    scene.quiet().await;
    Ok((answered, scene.effort()?.since(before)))
}

async fn in_terminal(scene: &Scene) -> anyhow::Result<Answered> {
    let mut chat = Chat::open(&scene.home.socket()).await?;
    let mut waits = Vec::new();
    for number in 0..IN_TERMINAL {
        if number % CONVERSATION == 0 {
            chat.clear().await?;
        }
        waits.push(chat.ask(QUESTION).await?);
    }
    let took = waits.iter().sum();
    Ok(Answered { waits: Samples::new(waits)?, took, people: IN_TERMINAL })
}

fn row(what: &str, of: &Answered, effort: Option<Effort>, bare: &Answered) -> Row {
    let each = |value: f64| value / of.people as f64;
    let calls = effort.map_or("1".to_owned(), |effort| number(each(effort.calls as f64)));
    let used = effort.map(|effort| time(Duration::from_secs_f64(each(effort.used.as_secs_f64()))));
    [
        what.to_owned(),
        number(of.a_second()),
        time(of.waits.median()),
        time(of.waits.quantile(0.95)),
        calls,
        used.unwrap_or_else(|| "—".to_owned()),
        ratio(bare.a_second(), of.a_second()),
    ]
}
