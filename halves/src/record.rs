//! A module that tells which of its functions run, so that the list can be made.

use anyhow::Result;
use walrus::ir::{Call, Const, Value};
use walrus::{ConstExpr, Module, ModuleConfig, ValType};

use crate::cut::{BRING, THERE, gate};
use crate::names;

/// Such a module, and its functions' names by the numbers that it tells.
pub(crate) struct Recorder {
    pub(crate) module: Vec<u8>,
    pub(crate) names: Vec<String>,
}

/// Has every function call `recorder.ran(number)` before anything else. Asks for the gate as well, so that
/// it is run as a first half is; its rest is an empty module.
///
/// # Errors
/// It is no module.
pub(crate) fn record(bytes: &[u8]) -> Result<Recorder> {
    let mut module = config().parse(bytes)?;
    let bring = module.types.add(&[], &[]);
    module.add_import_func(&gate(bytes), BRING, bring);
    let there = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
    module.exports.add(THERE, there);
    let ran = module.types.add(&[ValType::I32], &[]);
    let (ran, _) = module.add_import_func("recorder", "ran", ran);
    let mut names = Vec::new();
    for (_, function) in module.funcs.iter_local_mut() {
        let number = Value::I32(i32::try_from(names.len())?);
        let mut body = function.builder_mut().func_body();
        body.instr_at(0, Const { value: number });
        body.instr_at(1, Call { func: ran });
        names.push(String::new());
    }
    for (place, function) in names.iter_mut().zip(locals(&module)) {
        *place = function;
    }
    Ok(Recorder { module: module.emit_wasm(), names })
}

fn locals(module: &Module) -> impl Iterator<Item = String> {
    module.funcs.iter_local().map(|(id, _)| names::name(module.funcs.get(id)))
}

/// How modules are read: nothing is added to them but the names.
pub(crate) fn config() -> ModuleConfig {
    let mut config = ModuleConfig::new();
    config.generate_name_section(true).generate_producers_section(false);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_tells_its_number_and_has_a_name() {
        let mut module = Module::with_config(config());
        let mut function = walrus::FunctionBuilder::new(&mut module.types, &[], &[]);
        function.name("first".into());
        let id = function.finish(Vec::new(), &mut module.funcs);
        module.exports.add("first", id);
        let recorder = record(&module.emit_wasm()).unwrap();
        assert_eq!(recorder.names, ["first"]);
        let module = config().parse(&recorder.module).unwrap();
        let imports: Vec<&str> = module.imports.iter().map(|import| import.name.as_str()).collect();
        assert_eq!(imports, [BRING, "ran"]);
        let (_, function) = module.funcs.iter_local().next().unwrap();
        assert_eq!(function.block(function.entry_block()).instrs.len(), 2);
    }
}
