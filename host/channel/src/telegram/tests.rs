//! The channel against a stand-in of the Bot API that the test answers for, call by call. It imitates nothing by
//! itself: limits, offsets and wording are the test's.

mod asking;
mod receiving;
mod sending;
mod stand_in;
