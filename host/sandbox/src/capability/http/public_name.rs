//! Names that are left to a proxy although nobody here can resolve them. Where they lead is the proxy's to find out, so
//! only names that can be meant for the public internet go there, by a rule that lists what is allowed:
//!
//! 1. letters, digits and hyphens in at least two labels, as names of hosts are written (RFC 1123);
//! 2. the last label is that of a country (two letters), one of the generic ones listed here, or internationalised
//!    (`xn--`): names of clusters, offices and homes end otherwise (`.local`, `.internal`, `.svc`, `.lan`, `.corp`);
//! 3. no part of the name spells an address, as the names do that lead to whatever address they contain
//!    (`169.254.169.254.nip.io`, `10-0-0-1.example.org`, `a9fea9fe.example.org`), and it is none of the names that are
//!    known to lead to the own machine.
//!
//! Whoever means another name opens it with `http.allow_private`.

/// Generic top-level domains of the public internet that people use; those of countries have two letters.
const GENERIC: &[&str] = &[
    "academy",
    "agency",
    "aero",
    "app",
    "art",
    "asia",
    "audio",
    "band",
    "bank",
    "bio",
    "biz",
    "blog",
    "blue",
    "build",
    "business",
    "cafe",
    "capital",
    "care",
    "cat",
    "center",
    "chat",
    "church",
    "city",
    "click",
    "clinic",
    "cloud",
    "club",
    "codes",
    "coffee",
    "com",
    "community",
    "company",
    "computer",
    "consulting",
    "coop",
    "day",
    "dental",
    "design",
    "dev",
    "digital",
    "directory",
    "earth",
    "edu",
    "education",
    "email",
    "energy",
    "engineering",
    "enterprises",
    "estate",
    "events",
    "expert",
    "family",
    "fan",
    "farm",
    "film",
    "finance",
    "fit",
    "foundation",
    "fund",
    "fun",
    "gallery",
    "games",
    "garden",
    "global",
    "gov",
    "green",
    "group",
    "guide",
    "guru",
    "health",
    "host",
    "house",
    "how",
    "icu",
    "info",
    "institute",
    "int",
    "international",
    "jobs",
    "kitchen",
    "land",
    "law",
    "legal",
    "life",
    "link",
    "live",
    "love",
    "ltd",
    "market",
    "marketing",
    "media",
    "mil",
    "mobi",
    "money",
    "moscow",
    "museum",
    "music",
    "name",
    "net",
    "network",
    "news",
    "ngo",
    "one",
    "ong",
    "online",
    "org",
    "page",
    "paris",
    "partners",
    "parts",
    "photo",
    "photography",
    "photos",
    "pizza",
    "plus",
    "post",
    "press",
    "pro",
    "productions",
    "pub",
    "radio",
    "red",
    "reisen",
    "rent",
    "report",
    "restaurant",
    "rocks",
    "run",
    "sale",
    "school",
    "science",
    "security",
    "services",
    "shop",
    "show",
    "site",
    "social",
    "software",
    "solutions",
    "space",
    "sport",
    "store",
    "studio",
    "style",
    "support",
    "systems",
    "team",
    "tech",
    "tel",
    "theater",
    "tips",
    "today",
    "tools",
    "top",
    "tours",
    "town",
    "trade",
    "training",
    "travel",
    "tube",
    "university",
    "video",
    "vip",
    "vision",
    "watch",
    "website",
    "wiki",
    "win",
    "wine",
    "work",
    "works",
    "world",
    "wtf",
    "xyz",
    "yoga",
    "zone",
    "berlin",
    "hamburg",
    "koeln",
    "koln",
    "london",
    "nyc",
    "tokyo",
    "wien",
    "bayern",
    "ruhr",
    "saarland",
    "swiss",
    "eus",
    "gal",
    "scot",
    "wales",
    "bzh",
];

/// Names that lead to the own machine, each with all names below it.
const LOOPBACK: &[&str] =
    &["localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "yoogle.com", "smackaho.st", "fbi.com"];

/// Whether a name of a host may be left to a proxy by this rule.
pub(super) fn is_public(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let Some(last) = labels.last() else { return false };
    labels.len() >= 2
        && labels.iter().all(is_label)
        && is_public_suffix(last)
        && !spells_an_address(&labels)
        && !LOOPBACK.iter().any(|name| host == *name || host.ends_with(&format!(".{name}")))
}

fn is_public_suffix(label: &str) -> bool {
    let is_country = label.len() == 2 && label.bytes().all(|byte| byte.is_ascii_lowercase());
    is_country || label.starts_with("xn--") || GENERIC.contains(&label)
}

/// Four numbers in a row, between dots or hyphens, or one number that is a whole address.
fn spells_an_address(labels: &[&str]) -> bool {
    let parts: Vec<&str> = labels.iter().flat_map(|label| label.split('-')).collect();
    let is_octet = |part: &&str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
    let four = parts.windows(4).any(|four| four.iter().all(&is_octet));
    let whole = parts.iter().any(|part| {
        let digits = part.strip_prefix("0x").unwrap_or(part);
        let hex = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let decimal = (8..=10).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        hex || decimal
    });
    let version_six = labels.iter().any(|label| label.matches("--").count() > 0 && !label.starts_with("xn--"));
    four || whole || version_six
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_names_are_left_to_the_proxy() {
        for host in [
            "example.org",
            "www.example.co.uk",
            "api.github.com",
            "пример",
            "xn--e1afmkfd.xn--p1ai",
            "a.b.c.dev",
            "web3.de",
            "1-2.example.org",
            "EXAMPLE.org.",
            "python-3-12.example.org",
        ] {
            assert_eq!(is_public(host), host != "пример", "{host}");
        }
    }

    #[test]
    fn names_of_nearer_networks_and_names_that_spell_addresses_are_not() {
        for host in [
            "localhost",
            "intranet",
            "router.local",
            "db.svc.cluster.local",
            "kubernetes.default.svc",
            "nas.lan",
            "wiki.corp",
            "metadata.google.internal",
            "box.home",
            "fritz.box",
            "printer.home.arpa",
            "x.test",
            "x.onion",
            "x.invalid",
            "169.254.169.254.nip.io",
            "169-254-169-254.nip.io",
            "app.10.0.0.1.sslip.io",
            "10-0-0-1.example.org",
            "a9fea9fe.nip.io",
            "2852039166.example.org",
            "0xa9fea9fe.example.org",
            "--1.sslip.io",
            "fe80--1.sslip.io",
            "localtest.me",
            "app.lvh.me",
            "127.0.0.1",
            "a..org",
            "-a.org",
            "a_b.org",
            "",
            ".",
            "org",
        ] {
            assert!(!is_public(host), "{host}");
        }
    }
}
