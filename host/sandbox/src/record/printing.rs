//! What a guest prints while a recorded call is made again. Its streams lead nowhere then, so what it hands to them is
//! caught where it crosses the border: the answer of a program is what it prints.

use std::collections::BTreeMap;

use super::tape::Answered;
use super::value::{Bytes, Value};
use crate::component::unversioned;
use crate::stdio::Captured;

/// The most zeroes a stream takes at once, in bytes.
const ZEROES: u64 = 64 << 10;

/// The standard streams and the handles that stand for them.
#[derive(Default)]
pub(crate) struct Printing {
    stdout: Option<Captured>,
    stderr: Option<Captured>,
    open: BTreeMap<u32, Captured>,
}

impl Printing {
    pub(crate) fn attach(&mut self, stdout: Captured, stderr: Captured) {
        (self.stdout, self.stderr) = (Some(stdout), Some(stderr));
    }

    /// Looks at one call of an import.
    ///
    /// # Errors
    /// Something is printed that is not known.
    pub(crate) fn note(&mut self, function: &str, arguments: &[Value], answer: &Answered) -> Result<(), String> {
        let Answered::Value(value) = answer else { return Ok(()) };
        let (interface, name) = function.split_once('#').unwrap_or(("", function));
        let stream = match (unversioned(interface), name) {
            ("wasi:cli/stdout", "get-stdout") => &self.stdout,
            ("wasi:cli/stderr", "get-stderr") => &self.stderr,
            ("wasi:io/streams", _) => return self.written(name, arguments, value),
            _ => return Ok(()),
        };
        if let (Some(Value::Own(number)), Some(stream)) = (value, stream) {
            self.open.insert(*number, stream.clone());
        }
        Ok(())
    }

    fn written(&self, name: &str, arguments: &[Value], answer: &Option<Value>) -> Result<(), String> {
        let (Some(Value::Lent(number)), Some(Value::Ok(_))) = (arguments.first(), answer) else { return Ok(()) };
        let Some(stream) = self.open.get(number) else { return Ok(()) };
        match (name, arguments.get(1)) {
            ("[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush", Some(bytes)) => {
                if let Value::Bytes(Bytes(bytes)) = bytes {
                    stream.take(bytes);
                }
            }
            (
                "[method]output-stream.write-zeroes" | "[method]output-stream.blocking-write-zeroes-and-flush",
                Some(Value::U64(count)),
            ) => stream.take(&vec![0; usize::try_from(*count.min(&ZEROES)).unwrap_or(0)]),
            ("[method]output-stream.splice" | "[method]output-stream.blocking-splice", _) => {
                return Err("it prints what it has another stream copied to its output".to_owned());
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_standard_output_is_caught_and_nothing_else() {
        let (stdout, stderr) = (Captured::first(100), Captured::first(100));
        let mut printing = Printing::default();
        printing.attach(stdout.clone(), stderr.clone());
        let answered = |value| Answered::Value(Some(value));
        printing.note("wasi:cli/stdout@0.2.6#get-stdout", &[], &answered(Value::Own(7))).unwrap();
        let write = |number, text: &str| [Value::Lent(number), Value::Bytes(Bytes(text.into()))];
        let (done, method) = (answered(Value::Ok(None)), "wasi:io/streams@0.2.6#[method]output-stream.write");
        printing.note(method, &write(7, "hello"), &done).unwrap();
        printing.note(method, &write(8, "a file"), &done).unwrap();
        printing.note(method, &write(7, "refused"), &answered(Value::Err(None))).unwrap();
        assert_eq!((stdout.bytes(), stderr.bytes()), (b"hello".to_vec(), Vec::new()));
        let copied = printing.note(
            "wasi:io/streams@0.2.0#[method]output-stream.splice",
            &[Value::Lent(7), Value::Lent(3), Value::U64(10)],
            &answered(Value::Ok(Some(Box::new(Value::U64(4))))),
        );
        assert!(copied.unwrap_err().contains("another stream"));
    }
}
