//! The core module of a relay: for each function a few instructions that hand the arguments on as they came, give back
//! the handles that were lent for the call, and return what was answered.

use std::collections::BTreeMap;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function as Body, FunctionSection,
    GlobalSection, GlobalType, ImportSection, InstructionSink, MemArg, MemorySection, MemoryType, Module, TypeSection,
    ValType,
};
use wit_parser::abi::{AbiVariant, FlatTypes, WasmSignature, WasmType};
use wit_parser::{
    LiftLowerAbi, ManglingAndAbi, Resolve, ResourceIntrinsic, SizeAlign, Type, WasmExport, WasmExportKind, WasmImport,
    WorldId, WorldKey,
};

use super::world::Relayed;
use super::{home, lends, lent, lent_list};

const ABI: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
/// Where answers that do not fit a register are written.
const ANSWER: i32 = 16;
/// The global that says where memory is free.
const FREE: u32 = 0;
const PAGE: i32 = 1 << 16;

/// Writes the module for a relay's world, whose exports are those of the interface `key`.
///
/// # Errors
/// A function lends handles in a place that is not looked into.
pub(super) fn encode(
    resolve: &Resolve,
    world: WorldId,
    key: &WorldKey,
    relayed: &[Relayed],
) -> Result<Vec<u8>, String> {
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve);
    let answers = relayed.iter().map(|one| sizes.record(&one.imported.result).size.size_wasm32());
    let beginning = ANSWER + i32::try_from(answers.max().unwrap_or_default().next_multiple_of(16)).unwrap_or(PAGE);
    let mut writer = Writer { resolve, key, sizes, beginning, sections: Sections::default(), drops: BTreeMap::new() };
    for one in relayed {
        writer.import(one);
    }
    writer.import_drops(world, relayed)?;
    let realloc = writer.realloc();
    let done = writer.done();
    for (number, one) in relayed.iter().enumerate() {
        writer.relay(u32::try_from(number).unwrap_or(u32::MAX), one, done)?;
    }
    Ok(writer.finish(realloc))
}

#[derive(Default)]
struct Sections {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    exports: ExportSection,
    code: CodeSection,
    /// Functions so far, imported ones first.
    count: u32,
}

impl Sections {
    fn signature(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        self.types.ty().function(params.iter().copied(), results.iter().copied());
        self.types.len() - 1
    }

    fn import(&mut self, module: &str, name: &str, params: &[ValType], results: &[ValType]) -> u32 {
        let ty = self.signature(params, results);
        self.imports.import(module, name, EntityType::Function(ty));
        self.count += 1;
        self.count - 1
    }

    fn define(&mut self, params: &[ValType], results: &[ValType], body: &Body) -> u32 {
        let ty = self.signature(params, results);
        self.functions.function(ty);
        self.code.function(body);
        self.count += 1;
        self.count - 1
    }
}

struct Writer<'a> {
    resolve: &'a Resolve,
    key: &'a WorldKey,
    sizes: SizeAlign,
    /// The first byte of memory that is free before a call.
    beginning: i32,
    sections: Sections,
    /// The function that gives a lent handle back, by resource.
    drops: BTreeMap<usize, u32>,
}

impl Writer<'_> {
    fn import(&mut self, one: &Relayed) {
        let (interface, func) = (one.interface.as_ref(), &one.imported);
        let (module, name) = self.resolve.wasm_import_name(ABI, WasmImport::Func { interface, func });
        let WasmSignature { params, results, .. } = self.resolve.wasm_signature(AbiVariant::GuestImport, func);
        self.sections.import(&module, &name, &values(&params), &values(&results));
    }

    fn import_drops(&mut self, world: WorldId, relayed: &[Relayed]) -> Result<(), String> {
        for (function, param) in relayed.iter().flat_map(|one| one.imported.params.iter().map(move |p| (one, p))) {
            let lent_here = lent(self.resolve, &param.ty).or_else(|| lent_list(self.resolve, &param.ty));
            let Some(resource) = lent_here else {
                if lends(self.resolve, &param.ty) {
                    return Err(format!("{} lends a handle within another value", function.imported.name));
                }
                continue;
            };
            if self.drops.contains_key(&resource.index()) {
                continue;
            }
            let interface = home(self.resolve, world, resource);
            let intrinsic = ResourceIntrinsic::ImportedDrop;
            let import = WasmImport::ResourceIntrinsic { interface, resource, intrinsic };
            let (module, name) = self.resolve.wasm_import_name(ABI, import);
            let drop = self.sections.import(&module, &name, &[ValType::I32], &[]);
            self.drops.insert(resource.index(), drop);
        }
        Ok(())
    }

    /// Gives out memory piece by piece; all of it is free again after the call.
    fn realloc(&mut self) -> u32 {
        // Parameters: the old place, its size, the alignment, the new size. Then the new place and its end.
        let (old, old_size, align, size, place, end) = (0, 1, 2, 3, 4, 5);
        let mut body = Body::new([(2, ValType::I32)]);
        let mut code = body.instructions();
        code.global_get(FREE).local_get(align).i32_add().i32_const(1).i32_sub();
        code.i32_const(0).local_get(align).i32_sub().i32_and().local_tee(place);
        code.local_get(size).i32_add().local_tee(end).global_set(FREE);
        code.local_get(end).memory_size(0).i32_const(16).i32_shl().i32_gt_u().if_(BlockType::Empty);
        code.local_get(end).memory_size(0).i32_const(16).i32_shl().i32_sub();
        code.i32_const(PAGE - 1).i32_add().i32_const(16).i32_shr_u().memory_grow(0);
        code.i32_const(-1).i32_eq().if_(BlockType::Empty).unreachable().end().end();
        code.local_get(place).local_get(old).local_get(old_size).memory_copy(0, 0);
        code.local_get(place).end();
        self.sections.define(&[ValType::I32; 4], &[ValType::I32], &body)
    }

    /// After an answer was read from memory.
    fn done(&mut self) -> u32 {
        let mut body = Body::new([]);
        body.instructions().i32_const(self.beginning).global_set(FREE).end();
        self.sections.define(&[ValType::I32], &[], &body)
    }

    fn relay(&mut self, import: u32, one: &Relayed, done: u32) -> Result<(), String> {
        let import_signature = self.resolve.wasm_signature(AbiVariant::GuestImport, &one.imported);
        let signature = self.resolve.wasm_signature(AbiVariant::GuestExport, &one.exported);
        let params = u32::try_from(signature.params.len()).unwrap_or(u32::MAX);
        // Where a list of handles is and how many are left.
        let mut body = Body::new([(2, ValType::I32)]);
        let mut code = body.instructions();
        for param in 0..params {
            code.local_get(param);
        }
        if import_signature.retptr {
            code.i32_const(ANSWER);
        }
        code.call(import);
        self.give_back(&mut code, one, &signature, params)?;
        if import_signature.retptr {
            code.i32_const(ANSWER);
        } else {
            code.i32_const(self.beginning).global_set(FREE);
        }
        code.end();
        let defined = self.sections.define(&values(&signature.params), &values(&signature.results), &body);
        self.export(one, WasmExportKind::Normal, defined);
        if import_signature.retptr {
            self.export(one, WasmExportKind::PostReturn, done);
        }
        Ok(())
    }

    fn export(&mut self, one: &Relayed, kind: WasmExportKind, function: u32) {
        let export = WasmExport::Func { interface: Some(self.key), func: &one.exported, kind };
        let name = self.resolve.wasm_export_name(ABI, export);
        self.sections.exports.export(&name, ExportKind::Func, function);
    }

    /// Gives back what was lent for the call: `list` is the first of two spare locals.
    fn give_back(
        &self,
        code: &mut InstructionSink<'_>,
        one: &Relayed,
        signature: &WasmSignature,
        list: u32,
    ) -> Result<(), String> {
        let types = one.imported.params.iter().map(|param| &param.ty);
        let places = if signature.indirect_params { self.in_memory(types) } else { self.in_locals(types)? };
        for (place, ty) in places {
            if let Some(drop) = lent(self.resolve, ty).and_then(|resource| self.drops.get(&resource.index())) {
                place.load(code, 0).call(*drop);
            } else if let Some(drop) = lent_list(self.resolve, ty).and_then(|one| self.drops.get(&one.index())) {
                place.load(code, 0).local_set(list);
                place.load(code, 1).local_set(list + 1);
                code.block(BlockType::Empty).loop_(BlockType::Empty);
                code.local_get(list + 1).i32_eqz().br_if(1);
                code.local_get(list).i32_load(at(0)).call(*drop);
                code.local_get(list).i32_const(4).i32_add().local_set(list);
                code.local_get(list + 1).i32_const(1).i32_sub().local_set(list + 1).br(0).end().end();
            }
        }
        Ok(())
    }

    fn in_memory<'t>(&self, types: impl Iterator<Item = &'t Type>) -> Vec<(Place, &'t Type)> {
        let offsets = self.sizes.field_offsets(types).into_iter();
        offsets.map(|(offset, ty)| (Place::Memory(offset.size_wasm32() as u64), ty)).collect()
    }

    fn in_locals<'t>(&self, types: impl Iterator<Item = &'t Type>) -> Result<Vec<(Place, &'t Type)>, String> {
        let (mut places, mut next) = (Vec::new(), 0);
        for ty in types {
            places.push((Place::Local(next), ty));
            let mut storage = [WasmType::I32; Resolve::MAX_FLAT_PARAMS];
            let mut flat = FlatTypes::new(&mut storage);
            if !self.resolve.push_flat(ty, &mut flat) {
                return Err("a function has more parameters than it says".to_owned());
            }
            next += u32::try_from(flat.to_vec().len()).unwrap_or(u32::MAX);
        }
        Ok(places)
    }

    fn finish(self, realloc: u32) -> Vec<u8> {
        let Sections { types, imports, functions, mut exports, code, .. } = self.sections;
        exports.export(&self.resolve.wasm_export_name(ABI, WasmExport::Memory), ExportKind::Memory, 0);
        exports.export(&self.resolve.wasm_export_name(ABI, WasmExport::Realloc), ExportKind::Func, realloc);
        let mut memories = MemorySection::new();
        memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
        let mut globals = GlobalSection::new();
        let number = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(number, &ConstExpr::i32_const(self.beginning));
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&memories).section(&globals);
        module.section(&exports).section(&code);
        module.finish()
    }
}

/// Where an argument is.
#[derive(Clone, Copy)]
enum Place {
    /// It begins with this local.
    Local(u32),
    /// So many bytes behind what the first local points to.
    Memory(u64),
}

impl Place {
    /// Loads a word of it.
    fn load<'a, 'b>(self, code: &'a mut InstructionSink<'b>, word: u32) -> &'a mut InstructionSink<'b> {
        match self {
            Self::Local(first) => code.local_get(first + word),
            Self::Memory(offset) => code.local_get(0).i32_load(at(offset + 4 * u64::from(word))),
        }
    }
}

fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 2, memory_index: 0 }
}

fn values(types: &[WasmType]) -> Vec<ValType> {
    let value = |ty: &WasmType| match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    };
    types.iter().map(value).collect()
}
