//! Markdown as models write it, turned into text with marks. Any input gives something that can be sent: what cannot
//! be shown, such as raw HTML or an unknown link, stays readable as text. It never recurses, however deep the nesting.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};
use url::Url;

use super::rich::{Kind, Mark, Rich};
use super::table::Table;

/// How deep lists are still indented.
const MAX_INDENT: usize = 6;
const RULE: &str = "———";

/// The Markdown as text with marks, without blank lines at its ends.
pub(crate) fn render(markdown: &str) -> Rich {
    let mut writer = Writer::default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for event in Parser::new_ext(markdown, options) {
        writer.event(event);
    }
    writer.finish()
}

#[derive(Default)]
struct Writer {
    rich: Rich,
    /// Line breaks owed before the next text.
    gap: usize,
    /// The marks that are open, the innermost last.
    open: Vec<Open>,
    /// The number the next item of each open list gets; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// A list marker was just written: the item's first block goes on in its line.
    after_marker: bool,
    links: Vec<Link>,
    table: Option<Table>,
}

/// How often marks of one kind are open, and where the outermost began.
struct Open {
    kind: Kind,
    depth: usize,
    start: usize,
}

struct Link {
    target: String,
    start: usize,
    email: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) => self.text(&text),
            Event::InlineHtml(text) if is_line_break(&text) => self.line_break(),
            Event::InlineHtml(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
            Event::Code(text) => self.code(&text),
            Event::FootnoteReference(name) => self.text(&format!("[{name}]")),
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Rule => {
                self.block();
                self.text(RULE);
                self.owe_block();
            }
            Event::TaskListMarker(done) => self.task_marker(done),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.paragraph(),
            Tag::HtmlBlock | Tag::FootnoteDefinition(_) | Tag::MetadataBlock(_) => self.block(),
            Tag::Heading { .. } => {
                self.block();
                self.open(Kind::Bold);
            }
            Tag::BlockQuote(_) => {
                self.block();
                self.open(Kind::Quote);
            }
            Tag::CodeBlock(kind) => {
                self.block();
                self.open(Kind::Pre(language(&kind)));
            }
            Tag::List(first) => {
                self.block();
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Emphasis => self.open(Kind::Italic),
            Tag::Strong => self.open(Kind::Bold),
            Tag::Strikethrough => self.open(Kind::Strike),
            Tag::Link { link_type: LinkType::Email, .. } => self.open_email(),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.open_link(&dest_url),
            Tag::Table(alignments) => self.table = Some(Table::new(alignments)),
            Tag::TableHead | Tag::TableRow => self.on_table(Table::start_row),
            Tag::TableCell => self.on_table(Table::start_cell),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::FootnoteDefinition | TagEnd::MetadataBlock(_) => {
                self.owe_block();
            }
            TagEnd::Heading(_) => {
                self.close(&Kind::Bold);
                self.owe_block();
            }
            TagEnd::BlockQuote(_) => {
                self.close(&Kind::Quote);
                self.owe_block();
            }
            TagEnd::CodeBlock => {
                self.close_pre();
                self.owe_block();
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.after_marker = false;
                self.owe_block();
            }
            TagEnd::Item => self.owe(1),
            TagEnd::Emphasis => self.close(&Kind::Italic),
            TagEnd::Strong => self.close(&Kind::Bold),
            TagEnd::Strikethrough => self.close(&Kind::Strike),
            TagEnd::Link | TagEnd::Image => self.close_link(),
            TagEnd::Table => self.end_table(),
            _ => {}
        }
    }

    fn finish(mut self) -> Rich {
        while let Some(open) = self.open.pop() {
            self.mark(open.kind, open.start);
        }
        let end = self.rich.text.trim_end().len();
        let start = self.rich.text[..end].find(|c: char| c != '\n').unwrap_or(end);
        self.rich.slice(start, end)
    }

    /// Writes text, with the line breaks owed before it. Control characters have no place in a message.
    fn text(&mut self, text: &str) {
        if let Some(table) = &mut self.table {
            return table.text(text);
        }
        if text.is_empty() {
            return;
        }
        self.pay();
        self.after_marker = false;
        self.rich.text.extend(text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()));
    }

    fn code(&mut self, text: &str) {
        self.pay();
        let start = self.rich.text.len();
        self.text(text);
        if self.table.is_none() {
            self.mark(Kind::Code, start);
        }
    }

    fn line_break(&mut self) {
        if self.table.is_some() {
            return self.text(" ");
        }
        let indent = self.indent(self.lists.len());
        self.text("\n");
        self.text(&indent);
    }

    fn task_marker(&mut self, done: bool) {
        // The box stands for the bullet.
        if self.rich.text.ends_with("• ") {
            self.rich.text.truncate(self.rich.text.len() - "• ".len());
        }
        self.text(if done { "☑ " } else { "☐ " });
    }

    /// A block begins: on a new line, save right after a list marker.
    fn block(&mut self) {
        if !self.after_marker {
            self.owe(1);
        }
        self.pay();
    }

    /// A paragraph; a further one of a list item stands under the first.
    fn paragraph(&mut self) {
        let first = self.after_marker;
        self.block();
        if !first && !self.lists.is_empty() {
            let indent = self.indent(self.lists.len());
            self.text(&indent);
        }
    }

    /// A block ended: the next one keeps a distance, a small one inside lists.
    fn owe_block(&mut self) {
        self.owe(if self.lists.is_empty() { 2 } else { 1 });
    }

    fn owe(&mut self, breaks: usize) {
        self.gap = self.gap.max(breaks);
    }

    fn pay(&mut self) {
        if self.table.is_some() {
            return;
        }
        let gap = std::mem::take(&mut self.gap);
        if gap == 0 || self.rich.text.is_empty() {
            return;
        }
        let there = self.rich.text.bytes().rev().take_while(|byte| *byte == b'\n').count();
        self.rich.text.extend(std::iter::repeat_n('\n', gap.saturating_sub(there)));
    }

    fn item(&mut self) {
        self.owe(1);
        self.pay();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "• ".to_owned(),
        };
        let indent = self.indent(self.lists.len().saturating_sub(1));
        self.text(&indent);
        self.text(&marker);
        self.after_marker = true;
    }

    fn indent(&self, depth: usize) -> String {
        "  ".repeat(depth.min(MAX_INDENT))
    }

    fn open(&mut self, kind: Kind) {
        if self.table.is_some() {
            return;
        }
        match self.open.iter_mut().find(|open| same(&open.kind, &kind)) {
            Some(open) => open.depth += 1,
            None => {
                self.pay();
                self.open.push(Open { kind, depth: 1, start: self.rich.text.len() });
            }
        }
    }

    fn close(&mut self, kind: &Kind) {
        let Some(place) = self.open.iter().rposition(|open| same(&open.kind, kind)) else { return };
        self.open[place].depth -= 1;
        if self.open[place].depth == 0 {
            let open = self.open.remove(place);
            self.mark(open.kind, open.start);
        }
    }

    fn close_pre(&mut self) {
        let Some(place) = self.open.iter().rposition(|open| matches!(open.kind, Kind::Pre(_))) else { return };
        let open = self.open.remove(place);
        self.mark(open.kind, open.start);
    }

    /// Marks what was written since `start`; line breaks at the end stay outside.
    fn mark(&mut self, kind: Kind, start: usize) {
        let end = start + self.rich.text[start..].trim_end_matches('\n').len();
        if end > start {
            self.rich.marks.push(Mark { kind, start, end });
        }
    }

    fn open_link(&mut self, target: &CowStr<'_>) {
        self.pay();
        self.links.push(Link { target: target.to_string(), start: self.rich.text.len(), email: false });
    }

    /// `<name@host>` is what people write behind a name, or in a command: its brackets are part of the text.
    fn open_email(&mut self) {
        self.text("<");
        self.links.push(Link { target: String::new(), start: self.rich.text.len(), email: true });
    }

    fn close_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        if link.email {
            return self.text(">");
        }
        if self.table.is_some() {
            return;
        }
        if self.rich.text.len() == link.start {
            self.text(&link.target);
        }
        match address(&link.target) {
            // An outer link wins over one inside it, as an image in a link is.
            Some(url) if self.links.is_empty() => self.mark(Kind::Link(url), link.start),
            Some(_) => {}
            None if self.rich.text[link.start..] == link.target || link.target.is_empty() => {}
            None => self.text(&format!(" ({})", link.target)),
        }
    }

    fn on_table(&mut self, change: fn(&mut Table)) {
        if let Some(table) = &mut self.table {
            change(table);
        }
    }

    fn end_table(&mut self) {
        let Some(table) = self.table.take() else { return };
        self.block();
        let start = self.rich.text.len();
        self.text(&table.layout());
        self.mark(Kind::Pre(None), start);
        self.owe_block();
    }
}

fn same(one: &Kind, other: &Kind) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// The first word after the fence, as far as it looks like the name of a language.
fn language(kind: &CodeBlockKind<'_>) -> Option<String> {
    let CodeBlockKind::Fenced(info) = kind else { return None };
    let name: String =
        info.chars().take_while(|c| c.is_ascii_alphanumeric() || "+-#_.".contains(*c)).take(32).collect();
    (!name.is_empty()).then_some(name)
}

/// The link's address if Telegram may open it.
fn address(target: &str) -> Option<Url> {
    let url = Url::parse(target).ok()?;
    matches!(url.scheme(), "http" | "https" | "tg" | "mailto").then_some(url)
}

fn is_line_break(html: &str) -> bool {
    matches!(html.trim(), "<br>" | "<br/>" | "<br />")
}

#[cfg(test)]
mod tests;
