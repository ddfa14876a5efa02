//! The modules of a crate: the file of each, what is defined in it, what it imports and what it names.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use syn::{Item, ItemMod, UseTree, Visibility};

use super::references::{self, Reference};
use crate::marks;
use crate::sources::Sources;

/// One module.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) file: String,
    pub(super) parent: Option<usize>,
    pub(super) children: HashMap<String, usize>,
    /// What is defined here.
    pub(super) items: HashSet<String>,
    /// Name → the path it stands for.
    pub(super) imports: HashMap<String, Vec<String>>,
    /// Paths of which everything is imported.
    pub(super) globs: Vec<Vec<String>>,
    pub(super) references: Vec<Reference>,
}

/// All modules of a crate; the first is its root.
pub(super) struct Tree(Vec<Module>);

impl Tree {
    /// # Errors
    /// The file of a module is missing.
    pub(super) fn read(sources: &Sources, root: &str) -> anyhow::Result<Self> {
        let mut tree = Self(Vec::new());
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        tree.read_file(sources, root, folder, None)?;
        Ok(tree)
    }

    pub(super) fn modules(&self) -> impl Iterator<Item = &Module> {
        self.0.iter()
    }

    pub(super) fn get(&self, at: usize) -> &Module {
        &self.0[at]
    }

    /// Reads a file as a module; files of its modules are in `folder`.
    fn read_file(
        &mut self,
        sources: &Sources,
        path: &str,
        folder: &str,
        parent: Option<usize>,
    ) -> anyhow::Result<usize> {
        let syntax = sources.get(path).and_then(|file| file.syntax.as_ref());
        let syntax = syntax.with_context(|| format!("{path}: this file of a module is missing"))?;
        self.read_items(sources, path, folder, parent, &syntax.items)
    }

    fn read_items(
        &mut self,
        sources: &Sources,
        path: &str,
        folder: &str,
        parent: Option<usize>,
        items: &[Item],
    ) -> anyhow::Result<usize> {
        let at = self.0.len();
        self.0.push(Module { file: path.to_owned(), parent, ..Module::default() });
        for item in items.iter().filter(|item| !marks::is_for_tests(references::attributes(item))) {
            if let Item::Mod(module) = item {
                let child = self.read_child(sources, path, folder, at, module)?;
                self.0[at].children.extend(child.map(|child| (module.ident.to_string(), child)));
                continue;
            }
            self.0[at].items.extend(references::name(item));
            if let Item::Use(item) = item {
                let is_public = !matches!(item.vis, Visibility::Inherited);
                self.import(at, &item.tree, &mut Vec::new(), is_public);
            }
            let found = references::of_item(item);
            for (name, path) in found.imports {
                self.0[at].imports.entry(name).or_insert(path);
            }
            self.0[at].references.extend(found.references);
        }
        Ok(at)
    }

    /// A module in another file or in this one.
    fn read_child(
        &mut self,
        sources: &Sources,
        path: &str,
        folder: &str,
        parent: usize,
        module: &ItemMod,
    ) -> anyhow::Result<Option<usize>> {
        let name = module.ident.to_string();
        let below = format!("{folder}/{name}");
        if let Some((_, items)) = &module.content {
            return self.read_items(sources, path, &below, Some(parent), items).map(Some);
        }
        let file = format!("{below}.rs");
        // A file that a build script writes, or one at another place, is not followed.
        if sources.get(&file).is_none() {
            return Ok(None);
        }
        self.read_file(sources, &file, &below, Some(parent)).map(Some)
    }

    fn import(&mut self, at: usize, tree: &UseTree, path: &mut Vec<String>, is_public: bool) {
        let module = &mut self.0[at];
        match tree {
            UseTree::Path(one) => {
                path.push(one.ident.to_string());
                self.import(at, &one.tree, path, is_public);
                path.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(at, tree, path, is_public)),
            UseTree::Glob(_) => module.globs.push(path.clone()),
            UseTree::Name(_) | UseTree::Rename(_) => {
                let Some((name, full)) = references::imported(tree, path) else { return };
                module.imports.insert(name, full.clone());
                // A re-export needs nothing of what it passes on.
                if !is_public {
                    let line = references::line(tree);
                    module.references.push(Reference { path: full, line });
                }
            }
        }
    }
}
