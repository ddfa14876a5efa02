//! Where what a path names is defined.

use super::modules::Tree;

/// Re-exports of re-exports of …: more than anybody writes.
const MOST_STEPS: usize = 32;

/// What a path leads to within the crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// Something that is defined in a module.
    Item(usize),
}

/// The file in which what `path`, as it is written in the module `from`, is defined; nothing if it is a module or is not
/// of this crate.
pub(super) fn file<'a>(tree: &'a Tree, from: usize, path: &[String]) -> Option<&'a str> {
    match follow(tree, from, path, MOST_STEPS)? {
        Target::Item(module) => Some(&tree.get(module).file),
        Target::Module(_) => None,
    }
}

fn follow(tree: &Tree, from: usize, path: &[String], steps: usize) -> Option<Target> {
    let steps = steps.checked_sub(1)?;
    let (first, rest) = path.split_first()?;
    let start = match first.as_str() {
        "crate" => Target::Module(0),
        "self" => Target::Module(from),
        "super" => Target::Module(tree.get(from).parent?),
        name => within(tree, from, name, steps)?,
    };
    go_on(tree, start, rest, steps)
}

fn go_on(tree: &Tree, start: Target, rest: &[String], steps: usize) -> Option<Target> {
    let mut target = start;
    for name in rest {
        let Target::Module(module) = target else { break };
        target = match name.as_str() {
            "self" => target,
            "super" => Target::Module(tree.get(module).parent?),
            // What is not found was made by a macro of the module.
            name => within(tree, module, name, steps).unwrap_or(Target::Item(module)),
        };
    }
    Some(target)
}

/// What a name means in a module.
fn within(tree: &Tree, at: usize, name: &str, steps: usize) -> Option<Target> {
    let steps = steps.checked_sub(1)?;
    let module = tree.get(at);
    if let Some(child) = module.children.get(name) {
        return Some(Target::Module(*child));
    }
    if module.items.contains(name) {
        return Some(Target::Item(at));
    }
    if let Some(path) = module.imports.get(name) {
        // `use serde::Serialize` in a module called serde would mean itself.
        let means_itself = path.len() == 1 && path[0] == name;
        return if means_itself { None } else { follow(tree, at, path, steps) };
    }
    module.globs.iter().find_map(|glob| match follow(tree, at, glob, steps)? {
        Target::Module(other) if other != at => within(tree, other, name, steps),
        _ => None,
    })
}
