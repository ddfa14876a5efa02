//! `steward plugin`: what there is and what it could reach.

use std::path::Path;

use anyhow::Context as _;
use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use steward_agent::{Origin, Role};
use steward_sandbox::{Catalogue, Limits};
use steward_store::Store;

use crate::app;
use crate::config::Config;
use crate::cost;

pub(super) fn inspect(file: &Path) -> anyhow::Result<()> {
    let wasm = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    println!("{}", steward_sandbox::inspect(&wasm)?);
    Ok(())
}

pub(super) async fn list(config: Config, roles: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(config.data.join("compiled"))
        .with_context(|| format!("cannot make the folder {}", config.data.display()))?;
    let store = Store::open(&config.database())?;
    let catalogue = app::open_catalogue(&config, store.clone()).await?;
    println!("{}", if roles { table_of_roles(&catalogue, &config) } else { table_of_plugins(&catalogue) });
    for (name, error) in catalogue.refused() {
        println!("refused: {name}: {error}");
    }
    catalogue.close().await;
    store.close().await;
    Ok(())
}

fn table_of_plugins(catalogue: &Catalogue) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["plugin", "tools", "may reach", "limits of a call", "size"]);
    for plugin in catalogue.plugins() {
        let tools = catalogue.tools().filter(|tool| tool.plugin.name == plugin.name);
        let tools: Vec<_> = tools.map(|tool| tool.name.clone()).collect();
        let size = format!("{} KB", plugin.size / 1024);
        let name = format!("{} {}", plugin.name, plugin.version);
        table.add_row([name, tools.join("\n"), plugin.grant.capabilities.to_string(), limits(&plugin.limits), size]);
    }
    table
}

/// What a call is held to: the manifest's limits within the host's.
fn limits(limits: &Limits) -> String {
    format!(
        "{} memory\n{} s\n{} answer\n{} files",
        cost::bytes(limits.memory as u64),
        limits.time.as_secs(),
        cost::bytes(limits.output as u64),
        cost::bytes(limits.attachments as u64)
    )
}

/// One row for each tool, one column for each role, from what the catalogue would offer.
fn table_of_roles(catalogue: &Catalogue, config: &Config) -> Table {
    let roles: Vec<Role> = [Role::Owner, Role::Group, Role::External]
        .into_iter()
        .chain(config.roles.keys().cloned().map(Role::Named))
        .collect();
    let offered: Vec<Vec<String>> = roles
        .iter()
        .map(|role| catalogue.tools_for(role, Origin::Chat).into_iter().map(|tool| tool.name).collect())
        .collect();
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["tool", "requires"].into_iter().chain(roles.iter().map(Role::as_str)));
    for tool in catalogue.tools() {
        let requires: Vec<_> = tool.requires.iter().map(ToString::to_string).collect();
        let cells = offered.iter().map(|names| if names.contains(&tool.name) { "yes" } else { "no" }.to_owned());
        table.add_row([tool.name.clone(), requires.join(", ")].into_iter().chain(cells));
    }
    table
}
