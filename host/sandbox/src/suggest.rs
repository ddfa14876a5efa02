//! Names close to one that does not exist.

/// The most names suggested.
const NAMES: usize = 3;

/// The candidates closest to `name`, the closest first; none that differs in more than a third of its letters, unless
/// one contains the other.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // Names are at most 64 letters; what a model made up may be any length.
    let name: String = name.to_lowercase().chars().take(64).collect();
    let mut near: Vec<_> = candidates
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = strsim::levenshtein(&name, &other);
            let within = name.len() >= 4 && other.contains(&name) || other.len() >= 4 && name.contains(&other);
            (within || distance <= other.len().max(name.len()) / 3).then_some((distance, candidate))
        })
        .collect();
    near.sort();
    near.into_iter().take(NAMES).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_the_one_meant() {
        let tools = ["memory_append", "memory_read", "schedule_task", "read"];
        assert_eq!(nearest("memory_raed", tools.into_iter())[0], "memory_read");
        assert_eq!(nearest("schedule", tools.into_iter()), ["schedule_task"]);
        assert!(nearest("launch_rocket", tools.into_iter()).is_empty());
    }
}
