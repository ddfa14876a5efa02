//! The one list of the kinds of models there are.

use crate::anthropic::ANTHROPIC;
use crate::openai::OPENAI;
use crate::provider::ProviderKind;
use crate::rehearsal::REHEARSAL;

/// All kinds. Where the environment configures several, they are asked in this order.
pub static PROVIDERS: [&ProviderKind; 3] = [&OPENAI, &ANTHROPIC, &REHEARSAL];
