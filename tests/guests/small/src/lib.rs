//! A plugin with one tool that does next to nothing, as most tools do: what remains of its time is the sandbox's.
//!
//! It is compiled by the build script of the benches and only ever run by them.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use steward_sdk::{Failure, Output};

steward_sdk::plugin! {
    /// Divides a bill among people.
    split_bill: read, requires [] => split_bill;
}

/// The bill.
#[derive(Deserialize, JsonSchema)]
struct Bill {
    /// In the smallest unit of the currency.
    total: u32,
    /// Who pays.
    people: Vec<String>,
}

fn split_bill(bill: Bill) -> Result<Output, Failure> {
    let number = u32::try_from(bill.people.len()).unwrap_or(u32::MAX);
    let (Some(each), Some(rest)) = (bill.total.checked_div(number), bill.total.checked_rem(number)) else {
        return Err(Failure::invalid("`people` is empty: name who pays"));
    };
    let text = format!("{} pay {each} each; {rest} remain.", bill.people.join(", "));
    Ok(Output::text(text).structured(json!({ "each": each, "rest": rest, "people": bill.people })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_divided() {
        let output = steward_sdk::call(TOOLS, "split_bill", r#"{"total":100,"people":["Ann","Bob","Eve"]}"#).unwrap();
        assert_eq!(output.text, "Ann, Bob, Eve pay 33 each; 1 remain.");
        let nobody = steward_sdk::call(TOOLS, "split_bill", r#"{"total":100,"people":[]}"#);
        assert!(matches!(nobody, Err(Failure::Invalid(_))));
    }
}
