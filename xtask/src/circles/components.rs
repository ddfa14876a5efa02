//! The circles in who needs whom: Tarjan's strongly connected components, and the shortest way round one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Circle, Needs};

/// All sets of two and more files that need each other, directly or not.
pub(super) fn circles(needs: &Needs) -> Vec<Circle> {
    let mut search = Search::new(needs);
    for file in needs.keys() {
        if !search.numbers.contains_key(file.as_str()) {
            search.visit(file);
        }
    }
    search.circles
}

/// R. Tarjan, “Depth-first search and linear graph algorithms”, 1972.
struct Search<'a> {
    needs: &'a Needs,
    /// The order in which files were met.
    numbers: BTreeMap<&'a str, usize>,
    /// The earliest file that can be reached from each.
    earliest: BTreeMap<&'a str, usize>,
    open: Vec<&'a str>,
    circles: Vec<Circle>,
}

impl<'a> Search<'a> {
    fn new(needs: &'a Needs) -> Self {
        Self { needs, numbers: BTreeMap::new(), earliest: BTreeMap::new(), open: Vec::new(), circles: Vec::new() }
    }

    fn visit(&mut self, file: &'a str) {
        let number = self.numbers.len();
        self.numbers.insert(file, number);
        self.earliest.insert(file, number);
        self.open.push(file);
        let needs = self.needs;
        for next in needs.get(file).into_iter().flat_map(BTreeMap::keys) {
            let reached = match self.numbers.get(next.as_str()) {
                None => {
                    self.visit(next);
                    self.earliest[next.as_str()]
                }
                Some(known) if self.open.contains(&next.as_str()) => *known,
                Some(_) => continue,
            };
            let earliest = self.earliest[file].min(reached);
            self.earliest.insert(file, earliest);
        }
        if self.earliest[file] == number {
            let first = self.open.iter().position(|one| *one == file).unwrap_or_default();
            let files: BTreeSet<String> = self.open.split_off(first).into_iter().map(str::to_owned).collect();
            if files.len() > 1 {
                self.circles.push(Circle { files });
            }
        }
    }
}

/// The shortest way from a file of the circle back to itself: each file with the line that needs the next; the first file
/// again at its end.
pub(super) fn shortest_way_round(needs: &Needs, circle: &Circle) -> Vec<(String, usize)> {
    let ways = circle.files.iter().filter_map(|start| way_back(needs, circle, start));
    let Some(way) = ways.min_by_key(Vec::len) else { return Vec::new() };
    let line = |pair: &[&str]| needs[pair[0]][pair[1]];
    let mut shown: Vec<_> = way.windows(2).map(|pair| (pair[0].to_owned(), line(pair))).collect();
    shown.extend(way.last().map(|last| ((*last).to_owned(), 1)));
    shown
}

fn way_back<'a>(needs: &'a Needs, circle: &Circle, start: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(file) = waiting.pop_front() {
        for next in needs.get(file).into_iter().flat_map(BTreeMap::keys).filter(|next| circle.files.contains(*next)) {
            if next == start {
                let mut way = vec![start, file];
                while let Some(earlier) = before.get(way[way.len() - 1]).filter(|_| way[way.len() - 1] != start) {
                    way.push(earlier);
                }
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(next.as_str()) {
                before.insert(next, file);
                waiting.push_back(next);
            }
        }
    }
    None
}
