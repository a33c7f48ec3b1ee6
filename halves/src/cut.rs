//! The cut itself.
//!
//! A function of the rest that the first half knows (it calls it, exports it or keeps its address) stays
//! there as a small one under the same number: it brings the rest unless it is there, and calls on through a
//! place in the table that the rest fills. What the rest calls of the first half is exported to it, with the
//! memory, the tables and the globals.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Context, Result, bail};
use walrus::ir::{UnaryOp, Value, Visitor, dfs_in_order};
use walrus::{
    ConstExpr, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, FunctionKind, GlobalKind,
    ImportedFunction, Module, RefType, TableId, ValType, passes,
};

use crate::late_data;
use crate::names;
use crate::record::config;

/// The function that brings the rest, in the module that is named for the [`gate`].
pub(crate) const BRING: &str = "bring";
/// The first half's global that says whether the rest is there: 0 or 1. Set by whoever brought it.
pub(crate) const THERE: &str = "rest";

/// The halves.
pub(crate) struct Halves {
    pub(crate) first: Vec<u8>,
    pub(crate) rest: Vec<u8>,
}

/// The module's name under which the first half imports [`BRING`] and the rest imports the first half. It
/// tells builds apart: a rest of another build asks for something that nobody has, and does not start.
pub(crate) fn gate(bytes: &[u8]) -> String {
    // The same for the same bytes and compiler, which is all that is asked of it.
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("rest-{:08x}", hasher.finish() >> 32)
}

/// Cuts a module: functions whose name is in `list` are the first half, and those that it starts with. Data
/// in `put_off` comes with the rest.
///
/// # Errors
/// It is no module, or none that has a memory and a table of functions; or the data cannot be put off.
pub(crate) fn cut(bytes: &[u8], list: &BTreeSet<String>, put_off: &[Vec<u8>]) -> Result<Halves> {
    let (mut first, mut rest) = (config().parse(bytes)?, config().parse(bytes)?);
    let gate = gate(bytes);
    let plan = Plan::of(&first, list)?;
    let grown = plan.make_first(&mut first, &gate)?;
    let addresses = late_data::take(&mut first, put_off)?;
    plan.make_rest(&mut rest, &gate, grown)?;
    late_data::give(&mut rest, put_off, &addresses)?;
    for module in [&mut first, &mut rest] {
        passes::gc::run(module);
    }
    Ok(Halves { first: first.emit_wasm(), rest: rest.emit_wasm() })
}

/// Which function is where, by their number among the module's own functions.
struct Plan {
    /// Functions of the rest.
    late: BTreeSet<usize>,
    /// Those that the first half knows, by the place in the table that they get.
    known: Vec<usize>,
    /// Functions of the first half that the rest calls.
    lent: Vec<usize>,
}

impl Plan {
    fn of(module: &Module, list: &BTreeSet<String>) -> Result<Self> {
        let ids = own(module);
        let number: BTreeMap<FunctionId, usize> = ids.iter().enumerate().map(|(n, id)| (*id, n)).collect();
        let is_late = |id: &FunctionId| {
            module.start != Some(*id) && !list.contains(&names::name(module.funcs.get(*id)))
        };
        let late: BTreeSet<usize> = (0..ids.len()).filter(|n| ids.get(*n).is_some_and(is_late)).collect();
        if late.len() == ids.len() {
            bail!("no function of the module is in the list: make it anew");
        }
        let (mut known, mut lent) = (BTreeSet::new(), BTreeSet::new());
        for (n, id) in ids.iter().enumerate() {
            let of_rest = late.contains(&n);
            for other in mentioned(module, *id).iter().filter_map(|id| number.get(id)) {
                match (of_rest, late.contains(other)) {
                    (false, true) => drop(known.insert(*other)),
                    (true, false) => drop(lent.insert(*other)),
                    _ => {}
                }
            }
        }
        let exported = module.exports.iter().filter_map(|export| match export.item {
            ExportItem::Function(id) => Some(id),
            _ => None,
        });
        let addresses = module.elements.iter().flat_map(|element| match &element.items {
            ElementItems::Functions(ids) => ids.clone(),
            ElementItems::Expressions(..) => Vec::new(),
        });
        known.extend(exported.chain(addresses).filter_map(|id| number.get(&id)).filter(|n| late.contains(n)));
        Ok(Self { late, known: known.into_iter().collect(), lent: lent.into_iter().collect() })
    }

    /// Makes the first half, and says where in its table the rest's places begin.
    fn make_first(&self, module: &mut Module, gate: &str) -> Result<u64> {
        let ids = own(module);
        let nothing = module.types.add(&[], &[]);
        let (bring, _) = module.add_import_func(gate, BRING, nothing);
        let table = functions(module)?;
        let begin = grow(module, table, self.known.len());
        lend(module, table)?;
        for (name, id) in of(&ids, &self.lent).enumerate() {
            module.exports.add(&format!("f{name}"), id);
        }
        let there = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
        module.exports.add(THERE, there);
        for (place, id) in (begin..).zip(of(&ids, &self.known)) {
            let kind = module.funcs.get(id).ty();
            let (given, got) = module.types.params_results(kind);
            let (given, got) = (given.to_vec(), got.to_vec());
            let locals: Vec<_> = given.iter().map(|kind| module.locals.add(*kind)).collect();
            let mut small = FunctionBuilder::new(&mut module.types, &given, &got);
            let mut body = small.func_body();
            let missing = body.global_get(there).unop(UnaryOp::I32Eqz);
            missing.if_else(
                None,
                |then| {
                    then.call(bring);
                },
                |_| {},
            );
            for local in &locals {
                body.local_get(*local);
            }
            body.i32_const(i32::try_from(place)?).call_indirect(kind, table);
            let small = small.local_func(locals);
            module.funcs.get_mut(id).kind = FunctionKind::Local(small);
        }
        for n in self.late.iter().filter(|n| self.known.binary_search(n).is_err()) {
            module.funcs.delete(*ids.get(*n).context("a function has no number")?);
        }
        Ok(begin)
    }

    /// Makes the rest, whose places in the table begin at `begin`.
    fn make_rest(&self, module: &mut Module, gate: &str, begin: u64) -> Result<()> {
        let ids = own(module);
        module.start = None;
        for id in module.exports.iter().map(walrus::Export::id).collect::<Vec<_>>() {
            module.exports.delete(id);
        }
        for id in module.elements.iter().map(walrus::Element::id).collect::<Vec<_>>() {
            module.elements.delete(id);
        }
        for id in module.data.iter().map(walrus::Data::id).collect::<Vec<_>>() {
            module.data.delete(id);
        }
        let table = functions(module)?;
        grow(module, table, self.known.len());
        borrow(module, gate, table)?;
        for (n, id) in ids.iter().enumerate().filter(|(n, _)| !self.late.contains(n)) {
            let Ok(name) = self.lent.binary_search(&n) else {
                module.funcs.delete(*id);
                continue;
            };
            let import = module.imports.add(gate, &format!("f{name}"), *id);
            let ty = module.funcs.get(*id).ty();
            module.funcs.get_mut(*id).kind = FunctionKind::Import(ImportedFunction { import, ty });
        }
        let offset = ConstExpr::Value(Value::I32(i32::try_from(begin)?));
        let items = ElementItems::Functions(of(&ids, &self.known).collect());
        let element = module.elements.add(ElementKind::Active { table, offset }, items);
        module.tables.get_mut(table).elem_segments.insert(element);
        Ok(())
    }
}

/// A module's own functions, by their numbers. The same in every reading of the same bytes.
fn own(module: &Module) -> Vec<FunctionId> {
    module.funcs.iter_local().map(|(id, _)| id).collect()
}

fn of<'a>(ids: &'a [FunctionId], numbers: &'a [usize]) -> impl Iterator<Item = FunctionId> + 'a {
    numbers.iter().filter_map(|n| ids.get(*n)).copied()
}

/// The functions that a function calls or takes the address of.
fn mentioned(module: &Module, id: FunctionId) -> Vec<FunctionId> {
    struct Collect(Vec<FunctionId>);
    impl Visitor<'_> for Collect {
        fn visit_function_id(&mut self, id: &FunctionId) {
            self.0.push(*id);
        }
    }
    let mut found = Collect(Vec::new());
    if let FunctionKind::Local(function) = &module.funcs.get(id).kind {
        dfs_in_order(&mut found, function, function.entry_block());
    }
    found.0
}

/// The table through which functions are called by address.
fn functions(module: &Module) -> Result<TableId> {
    let table = module.tables.iter().find(|table| table.element_ty == RefType::FUNCREF);
    Ok(table.context("the module has no table of functions")?.id())
}

/// Gives a table more places, and says where they begin.
fn grow(module: &mut Module, table: TableId, places: usize) -> u64 {
    let table = module.tables.get_mut(table);
    let begin = table.initial;
    table.initial += places as u64;
    table.maximum = table.maximum.map(|most| most.max(table.initial));
    begin
}

/// What both halves share, by the names that it goes by between them.
fn shared(module: &Module, table: TableId) -> Result<Vec<(String, ExportItem)>> {
    let memory = module.memories.iter().next().context("the module has no memory")?.id();
    let mut shared = vec![("m".to_owned(), ExportItem::Memory(memory))];
    for (n, other) in module.tables.iter().enumerate() {
        let name = if other.id() == table { "t".to_owned() } else { format!("t{n}") };
        shared.push((name, ExportItem::Table(other.id())));
    }
    for (n, global) in module.globals.iter().enumerate() {
        shared.push((format!("g{n}"), ExportItem::Global(global.id())));
    }
    Ok(shared)
}

fn lend(module: &mut Module, table: TableId) -> Result<()> {
    for (name, item) in shared(module, table)? {
        module.exports.add(&name, item);
    }
    Ok(())
}

fn borrow(module: &mut Module, gate: &str, table: TableId) -> Result<()> {
    for (name, item) in shared(module, table)? {
        match item {
            ExportItem::Memory(id) => {
                let import = module.imports.add(gate, &name, id);
                let memory = module.memories.get_mut(id);
                memory.import = Some(import);
                memory.data_segments.clear();
            }
            ExportItem::Table(id) => {
                let import = module.imports.add(gate, &name, id);
                let table = module.tables.get_mut(id);
                table.import = Some(import);
                table.elem_segments.clear();
            }
            ExportItem::Global(id) => {
                let import = module.imports.add(gate, &name, id);
                module.globals.get_mut(id).kind = GlobalKind::Import(import);
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `early` calls `late`, which calls `tool`; `alone` is called by address only, `unused` by nobody.
    fn module() -> Vec<u8> {
        let mut module = Module::with_config(config());
        let make = |module: &mut Module, name: &str, calls: Option<FunctionId>| {
            let mut function = FunctionBuilder::new(&mut module.types, &[], &[]);
            function.name(name.into());
            if let Some(id) = calls {
                function.func_body().call(id);
            }
            function.finish(Vec::new(), &mut module.funcs)
        };
        let tool = make(&mut module, "tool", None);
        let late = make(&mut module, "late", Some(tool));
        let early = make(&mut module, "early", Some(late));
        let alone = make(&mut module, "alone", None);
        make(&mut module, "unused", None);
        module.exports.add("early", early);
        module.memories.add_local(false, false, 1, None, None);
        let table = module.tables.add_local(false, 1, Some(1), RefType::FUNCREF);
        let offset = ConstExpr::Value(Value::I32(0));
        let items = ElementItems::Functions(vec![alone]);
        let element = module.elements.add(ElementKind::Active { table, offset }, items);
        module.tables.get_mut(table).elem_segments.insert(element);
        module.emit_wasm()
    }

    fn halves(list: &[&str]) -> (Module, Module) {
        let halves = cut(&module(), &list.iter().map(|name| (*name).to_owned()).collect(), &[]).unwrap();
        (config().parse(&halves.first).unwrap(), config().parse(&halves.rest).unwrap())
    }

    fn bodies(module: &Module) -> Vec<String> {
        module.funcs.iter_local().map(|(id, _)| names::name(module.funcs.get(id))).collect()
    }

    #[test]
    fn the_rest_has_what_is_not_listed_and_borrows_what_it_calls() {
        let (first, rest) = halves(&["early", "tool"]);
        assert_eq!(bodies(&rest), ["late", "alone"]);
        let borrowed: Vec<&str> = rest.imports.iter().map(|import| import.name.as_str()).collect();
        assert_eq!(borrowed, ["t", "f0"]);
        let lent: Vec<&str> = first.exports.iter().map(|export| export.name.as_str()).collect();
        assert!(borrowed.iter().all(|name| lent.contains(name)), "{lent:?}");
        let gates = [&first, &rest].map(|module| module.imports.iter().next().unwrap().module.clone());
        assert_eq!(gates[0], gates[1]);
    }

    #[test]
    fn each_function_of_the_rest_that_the_first_half_knows_has_a_place_of_its_own_in_the_table() {
        let (first, rest) = halves(&["early", "tool"]);
        let places = |module: &Module| module.tables.iter().next().unwrap().initial;
        assert_eq!((places(&first), places(&rest)), (3, 3));
        let element = rest.elements.iter().next().unwrap();
        let ElementKind::Active { offset: ConstExpr::Value(Value::I32(begin)), .. } = element.kind else {
            panic!("not filled when it starts")
        };
        let ElementItems::Functions(filled) = &element.items else { panic!("not functions") };
        assert_eq!((begin, filled.len()), (1, 2));
    }

    #[test]
    fn a_list_of_nothing_is_refused() {
        assert!(cut(&module(), &BTreeSet::new(), &[]).is_err());
    }
}
