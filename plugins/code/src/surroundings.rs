//! What a script finds when it begins, and what is kept of it while it runs: what it printed, which calls it has put
//! down, what is to be called later.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsResult, JsString, JsValue, js_string};
use steward_sdk::tools::Info;

use crate::console;
use crate::reach::Reach;
use crate::text::Bounded;
use crate::timers::{self, Timers};
use crate::tools::{self, Pending};

/// One script's surroundings. They lie in its context.
pub struct Surroundings {
    pub(crate) reach: Rc<dyn Reach>,
    pub(crate) offered: Vec<Info>,
    /// Why there are no tools.
    absent: Option<String>,
    pub(crate) printed: RefCell<Bounded>,
    pub(crate) timers: RefCell<Timers>,
    pub(crate) pending: RefCell<Vec<Pending>>,
    /// Calls that were made.
    pub(crate) called: Cell<usize>,
    pub(crate) stringify: JsFunction,
    parse: JsFunction,
}

impl Surroundings {
    /// Puts everything a script may use into its context.
    ///
    /// # Errors
    /// The interpreter refuses.
    pub fn install(reach: Rc<dyn Reach>, context: &mut Context) -> JsResult<Rc<Self>> {
        let (offered, absent) = match reach.available() {
            Ok(offered) => (offered, None),
            Err(failure) => (Vec::new(), Some(failure.text().to_owned())),
        };
        let json = context.intrinsics().objects().json();
        let stringify = tools::own_function(&json, js_string!("stringify"), context)?;
        let parse = tools::own_function(&json, js_string!("parse"), context)?;
        let printed = RefCell::new(Bounded::new(console::CHARACTERS));
        let (timers, pending, called) = Default::default();
        let surroundings = Rc::new(Self { reach, offered, absent, printed, timers, pending, called, stringify, parse });
        context.insert_data(Rc::clone(&surroundings));
        console::install(context)?;
        timers::install(context)?;
        tools::install(&surroundings.offered, context)?;
        Ok(surroundings)
    }

    /// The tools there are, in words.
    pub(crate) fn tool_names(&self) -> String {
        if let Some(absent) = &self.absent {
            return absent.clone();
        }
        let names: Vec<_> = self.offered.iter().map(|tool| tool.name.as_str()).collect();
        format!("there are {}", names.join(", "))
    }

    /// Data from JSON; null where it is none.
    pub(crate) fn parsed(&self, json: &str, context: &mut Context) -> JsValue {
        let text = JsString::from(json);
        self.parse.call(&JsValue::undefined(), &[text.into()], context).unwrap_or_else(|_| JsValue::null())
    }

    /// Seconds that the person's clock is ahead of UTC.
    pub fn offset(reach: &dyn Reach, now: i64) -> i32 {
        let local = seconds(&reach.local_time()).unwrap_or(now);
        // The two clocks are read one after the other, and no zone is off by less than a quarter of an hour.
        let quarters = (local - now + QUARTER / 2).div_euclid(QUARTER);
        i32::try_from(quarters * QUARTER).unwrap_or_default()
    }
}

const QUARTER: i64 = 15 * 60;

/// Seconds from 1970 to a date and time, as if it were UTC.
fn seconds(text: &str) -> Option<i64> {
    let mut numbers = text.split(['-', 'T', ':']).map(|part| part.parse::<i64>().ok());
    let mut next = || numbers.next().flatten();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    // Howard Hinnant, "chrono-compatible low-level date algorithms": days_from_civil.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_so_many_seconds() {
        assert_eq!(seconds("1970-01-01T00:00:00"), Some(0));
        assert_eq!(seconds("2026-11-20T13:05:00"), Some(1_795_179_900));
        assert_eq!(seconds("2024-02-29T23:59:59"), Some(1_709_251_199));
        assert_eq!(seconds("tomorrow"), None);
    }
}
