//! A component with a separate world: it knows nothing of Steward and could run in any host.
// Its exports have names that only a component's linker takes.
#![cfg(target_family = "wasm")]
#![expect(unsafe_code, reason = "the generated glue between a component and its host")]

#[allow(clippy::all, unreachable_pub, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({
        inline: r#"
            package acme:ledger@1.2.0;

            interface money {
                enum currency { eur, usd }
                variant split { even(u32), by-share(list<u32>), nobody }
                record item { name: string, cents: s64, note: option<string> }
                record bill { items: list<item>, split: split, currency: currency }

                /// What each has to pay, in cents.
                shares: func(bill: bill) -> result<list<s64>, string>;
                mirror: func(bill: bill) -> tuple<bill, option<option<char>>>;
                reverse: func(data: list<u8>) -> list<u8>;

                resource account {
                    constructor(name: string);
                    name: func() -> string;
                }
            }

            world ledger {
                export money;
                export greet: func(name: option<string>) -> string;
            }
        "#,
    });
}

use bindings::Guest;
use bindings::exports::acme::ledger::money::{Bill, Guest as Money, GuestAccount, Split};

struct Ledger;

impl Guest for Ledger {
    fn greet(name: Option<String>) -> String {
        format!("Hello, {}!", name.as_deref().unwrap_or("stranger"))
    }
}

impl Money for Ledger {
    type Account = Account;

    fn shares(bill: Bill) -> Result<Vec<i64>, String> {
        let total: i64 = bill.items.iter().map(|item| item.cents).sum();
        let shares = match bill.split {
            Split::Even(people) => vec![1; people as usize],
            Split::ByShare(shares) => shares,
            Split::Nobody => Vec::new(),
        };
        let all: i64 = shares.iter().copied().map(i64::from).sum();
        if all == 0 {
            return Err("nobody pays".to_owned());
        }
        Ok(shares.into_iter().map(|share| total * i64::from(share) / all).collect())
    }

    fn mirror(bill: Bill) -> (Bill, Option<Option<char>>) {
        (bill, Some(None))
    }

    fn reverse(data: Vec<u8>) -> Vec<u8> {
        data.into_iter().rev().collect()
    }
}

struct Account(String);

impl GuestAccount for Account {
    fn new(name: String) -> Self {
        Self(name)
    }

    fn name(&self) -> String {
        self.0.clone()
    }
}

bindings::export!(Ledger with_types_in bindings);
