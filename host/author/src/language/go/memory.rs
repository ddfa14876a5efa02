//! A memory of fixed size for programs in Go. Go's runtime takes for granted that nobody else makes its memory grow,
//! while what stands between the first preview of WASI and the second keeps its own state in the same memory, behind
//! the program's. So Go is told that the memory is as large as it will ever be: what is behind that is not Go's.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, Instruction, Module};
use wasmparser::{FunctionBody, MemoryType, Operator, Parser};

/// The program with so many pages of memory, of 64 KiB each, and no more for itself.
///
/// # Errors
/// It is not a core module, or begins with more.
pub(super) fn fixed(program: &[u8], pages: u32) -> Result<Vec<u8>, String> {
    let (mut fixed, mut module) = (Fixed { pages, needed: 0 }, Module::new());
    let done = fixed.parse_core_module(&mut module, Parser::new(0), program);
    done.map_err(|error| format!("the compiler made no program: {error}"))?;
    if fixed.needed > u64::from(pages) {
        let needed = fixed.needed.div_ceil(16) + 1;
        return Err(format!("the program needs more memory: set `memory_mb` under [limits] to {needed} or more"));
    }
    Ok(module.finish())
}

struct Fixed {
    pages: u32,
    /// What the program begins with.
    needed: u64,
}

impl Reencode for Fixed {
    type Error = Infallible;

    fn memory_type(&mut self, memory: MemoryType) -> Result<wasm_encoder::MemoryType, Error<Infallible>> {
        self.needed = memory.initial;
        let memory64 = memory.memory64;
        Ok(wasm_encoder::MemoryType {
            minimum: self.pages.into(),
            maximum: memory.maximum,
            memory64,
            shared: memory.shared,
            page_size_log2: memory.page_size_log2,
        })
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error<Infallible>> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::MemorySize { .. } => {
                    function.instruction(&Instruction::I32Const(self.pages.cast_signed()));
                }
                // As where there is no more: the program ends with `out of memory`.
                Operator::MemoryGrow { .. } => {
                    function.instruction(&Instruction::Drop).instruction(&Instruction::I32Const(-1));
                }
                other => {
                    function.instruction(&self.instruction(other)?);
                }
            }
        }
        code.function(&function);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = r#"(module (memory (export "memory") 2)
        (func (export "size") (result i32) memory.size)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "add") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
        (data (i32.const 8) "kept"))"#;

    #[test]
    fn the_program_sees_a_memory_that_never_grows() {
        let made = fixed(&wat::parse_str(PROGRAM).unwrap(), 300).unwrap();
        let expected = r#"(module (memory (export "memory") 300)
            (func (export "size") (result i32) i32.const 300)
            (func (export "grow") (param i32) (result i32) local.get 0 drop i32.const -1)
            (func (export "add") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
            (data (i32.const 8) "kept"))"#;
        wasmparser::validate(&made).unwrap();
        assert_eq!(functions(&made), functions(&wat::parse_str(expected).unwrap()));
    }

    /// The code of each function.
    fn functions(module: &[u8]) -> Vec<Vec<u8>> {
        let entries = Parser::new(0).parse_all(module).filter_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CodeSectionEntry(body) => Some(body.as_bytes().to_vec()),
            _ => None,
        });
        entries.collect()
    }

    #[test]
    fn a_limit_that_is_too_small_is_said() {
        let told = fixed(&wat::parse_str(PROGRAM).unwrap(), 1).unwrap_err();
        assert!(told.contains("`memory_mb`"), "{told}");
        assert!(fixed(b"no wasm", 300).is_err());
    }
}
