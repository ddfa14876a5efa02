//! Dates and repetitions in words. A line each: the time, and how it repeats.

use jiff::civil::DateTime;

use super::Check;

pub(super) fn prepare() -> anyhow::Result<Check> {
    // The last hours of a year and of time, a leap day, and an ordinary evening.
    let moments =
        ["2026-11-25T18:30:00", "2028-02-29T23:59:59", "2026-12-31T23:59:59", "9999-12-31T23:00:00"].map(str::parse);
    let moments: Vec<DateTime> = moments.into_iter().collect::<Result<_, _>>()?;
    Ok(Box::new(move |input| {
        let text = String::from_utf8_lossy(input);
        let (time, repeat) = text.split_once('\n').unwrap_or((&text, ""));
        for now in &moments {
            let answers = [steward_when::parse(time, *now), steward_when::parse_with_repeat(time, repeat, *now)];
            for refused in answers.into_iter().filter_map(Result::err) {
                assert!(!refused.to_string().is_empty(), "a refusal without a word");
            }
            // A deadline that is understood is written in a way that is understood.
            if let Ok(moment) = steward_when::parse_once(time, *now) {
                let written = moment.to_string();
                assert!(!written.is_empty());
            }
        }
    }))
}
