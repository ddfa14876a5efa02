//! The article in a page, or the whole page where there is none.

use dom_smoothie::{Config, Readability};
use steward_content::markdown::{self, one_line, title};
use url::Url;

/// The most elements that are looked at in search of an article.
const ELEMENT_LIMIT: usize = 40_000;

/// An article with less text than this is a teaser, and the page has more to say.
const SHORTEST: usize = 250;

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    pub title: Option<String>,
    pub author: Option<String>,
    /// As the page writes it.
    pub published: Option<String>,
    pub markdown: String,
}

/// Reads a page that came from `base`. Where it has next to no text, what it says to readers without scripts counts too.
pub fn read(html: &str, base: &Url) -> Article {
    let article = read_scripted(html, base);
    if article.markdown.chars().count() >= SHORTEST || !html.to_ascii_lowercase().contains("<noscript") {
        return article;
    }
    let plain = read_scripted(&markdown::without_scripts(html), base);
    if plain.markdown.chars().count() > article.markdown.chars().count() { plain } else { article }
}

fn read_scripted(html: &str, base: &Url) -> Article {
    // The whole page first: where it is nested too deeply, nothing else may look at it either.
    let Some(whole) = markdown::convert(html, base, true) else {
        return Article { title: title(html), markdown: markdown::strip(html), ..Article::default() };
    };
    match article(html, base) {
        Some(article) if article.markdown.chars().count() >= SHORTEST => article,
        Some(article) => Article { markdown: whole, ..article },
        None => Article { title: title(html), markdown: whole, ..Article::default() },
    }
}

fn article(html: &str, base: &Url) -> Option<Article> {
    let config = Config { max_elements_to_parse: ELEMENT_LIMIT, ..Config::default() };
    let mut readability = Readability::new(html, Some(base.as_str()), Some(config)).ok()?;
    if !readability.is_probably_readable() {
        return None;
    }
    let found = readability.parse().ok()?;
    let given = |text: Option<String>| text.map(|text| one_line(&text)).filter(|text| !text.is_empty());
    Some(Article {
        title: given(Some(found.title)),
        author: given(found.byline),
        published: given(found.published_time),
        markdown: markdown::convert(&found.content, base, false)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str) -> Article {
        read(html, &Url::parse("https://a.org/news/today.html").unwrap())
    }

    fn paragraphs() -> String {
        let sentence = "Вчера в городе открыли новый мост, и по нему уже прошли первые пешеходы, а за ними, не \
                        торопясь, проехали трамваи. ";
        format!("<p>{}</p>", sentence.repeat(4)).repeat(6)
    }

    #[test]
    fn an_article_is_freed_of_what_is_around_it() {
        let html = format!(
            "<html lang=ru><head><title>Новый мост | Газета</title><meta name=author content='Анна Иванова'>\
             </head><body><div class=menu><a href=/a>Меню</a></div><article><h1>Новый мост</h1>{}\
             <p>Подробнее <a href='/bridge'>о мосте</a>, его строили три года, и вот он наконец готов, пишут \
             читатели.</p></article><div class=sidebar>Реклама</div></body></html>",
            paragraphs()
        );
        let article = check(&html);
        assert!(article.title.unwrap().starts_with("Новый мост"));
        assert_eq!(article.author.as_deref(), Some("Анна Иванова"));
        assert!(article.markdown.contains("первые пешеходы"));
        assert!(article.markdown.contains("[о мосте](https://a.org/bridge)"), "{}", article.markdown);
        assert!(!article.markdown.contains("Реклама"));
    }

    #[test]
    fn a_page_without_article_is_shown_whole() {
        let article =
            check("<title>Prices &amp; hours</title><ul><li><a href=/tea>Tea</a> 2 €</li><li>Open 9-18</li></ul>");
        assert_eq!(article.title.as_deref(), Some("Prices & hours"));
        assert_eq!(article.markdown, "- [Tea](https://a.org/tea) 2 €\n- Open 9-18");
    }

    #[test]
    fn what_is_said_to_readers_without_scripts_counts_where_nothing_else_is_said() {
        let html = "<div id=app></div><noscript>Read the <a href='/plain'>plain page</a> instead.</noscript><script>x</script>";
        assert_eq!(check(html).markdown, "Read the [plain page](https://a.org/plain) instead.");
        let article = check(&format!("<article>{}</article><noscript>Please turn on scripts</noscript>", paragraphs()));
        assert!(!article.markdown.contains("turn on"));
    }

    #[test]
    fn a_page_within_a_form_is_read() {
        let article = check("<form action=/><h1>Prices</h1><p>Tea 2 €</p><input value=x><button>Go</button></form>");
        assert_eq!(article.markdown, "# Prices\n\nTea 2 €");
    }

    #[test]
    fn a_page_made_to_break_readers_is_read_as_text() {
        let html = format!("<title>Deep</title>{}<p>end", "<span>".repeat(50_000));
        let article = check(&html);
        assert_eq!(article.title.as_deref(), Some("Deep"));
        assert!(article.markdown.ends_with("end\n"));
    }
}
