//! What others wrote, as text: bytes in whatever character set, pages of HTML, and what a file is by its first bytes.
//! For plugins that read pages and documents; what comes out of it is text, never trusted and never run.

pub mod charset;
pub mod markdown;
pub mod nesting;
pub mod signature;
