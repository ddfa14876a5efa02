//! From the start of the process until it prints that it is ready, against the same program that only says its version.

use std::time::Duration;

use crate::figures::{Samples, print, ratio};
use crate::steward::Home;

/// Starts that compile the plugins; each takes seconds.
const COLD: usize = 5;
const WARM: usize = 20;

pub(crate) async fn take() -> anyhow::Result<()> {
    let mut first = Vec::new();
    for _ in 0..COLD {
        first.push(start(&Home::new()?).await?);
    }
    let home = Home::new()?;
    let mut cold = vec![home.prepare().await?];
    while cold.len() < COLD {
        home.forget_compiled()?;
        cold.push(home.prepare().await?);
    }
    // Taken in turn, so that what else the machine does meets both alike.
    let (mut warm, mut version) = (Vec::new(), Vec::new());
    for _ in 0..WARM {
        version.push(home.version().await?);
        warm.push(start(&home).await?);
    }
    let base = Samples::new(version)?;
    let row = |what: &str, samples: &Samples| {
        let ratio = ratio(samples.median().as_secs_f64(), base.median().as_secs_f64());
        [what.to_owned(), samples.spread(), ratio]
    };
    let rows = vec![
        row("`steward --version`", &base),
        row("ready, plugins compiled before", &Samples::new(warm)?),
        row("ready, very first start", &Samples::new(first)?),
        row("every plugin there, compiled again", &Samples::new(cold)?),
    ];
    print(["start", "min / median / max", "ratio of medians"], rows);
    Ok(())
}

async fn start(home: &Home) -> anyhow::Result<Duration> {
    let steward = home.start().await?;
    let took = steward.took;
    steward.stop().await?;
    Ok(took)
}
