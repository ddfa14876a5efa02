//! Sizes in words.

/// A number of bytes as people read it: `512 B`, `3.1 KB`, `64 MB`. The units are powers of 1024.
pub fn bytes(number: u64) -> String {
    let (unit, name) = match number {
        0..1024 => (1, "B"),
        1024..1_048_576 => (1 << 10, "KB"),
        1_048_576..1_073_741_824 => (1 << 20, "MB"),
        _ => (1 << 30, "GB"),
    };
    let decimals = usize::from(!number.is_multiple_of(unit));
    format!("{:.decimals$} {name}", number as f64 / unit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_decimals() {
        let cases = [(0, "0 B"), (1_023, "1023 B"), (1_024, "1 KB"), (1_500, "1.5 KB"), (10 << 20, "10 MB")];
        for (number, words) in cases {
            assert_eq!(bytes(number), words);
        }
        assert_eq!(bytes((5 << 30) + (1 << 29)), "5.5 GB");
    }
}
