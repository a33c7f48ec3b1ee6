//! Data that only functions of the rest read. The first half goes without it; the rest puts it where it was,
//! when it starts, before any of its functions runs.

use anyhow::{Context, Result, bail, ensure};
use walrus::ir::{Load, Store, Value, Visitor, dfs_in_order};
use walrus::{ConstExpr, DataId, DataKind, FunctionKind, MemoryId, Module};

use crate::names;

/// Where a piece of data is in the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    segment: DataId,
    memory: MemoryId,
    /// Where its segment begins in the memory, and where it begins in its segment; bytes.
    begin: usize,
    at: usize,
}

/// Takes `pieces` out of the first half, and says at which addresses they were.
///
/// # Errors
/// A piece is not in the data, or more than once; or a function that stayed mentions an address within it.
pub(crate) fn take(first: &mut Module, pieces: &[Vec<u8>]) -> Result<Vec<usize>> {
    let mut addresses = Vec::new();
    for piece in pieces {
        let place = find(first, piece)?;
        let address = place.begin + place.at;
        refuse_readers(first, address, address + piece.len())?;
        let segment = first.data.get_mut(place.segment);
        let after = segment.value.split_off(place.at + piece.len());
        segment.value.truncate(place.at);
        put(first, place.memory, address + piece.len(), after)?;
        addresses.push(address);
    }
    Ok(addresses)
}

/// Has the rest put `pieces` at these `addresses` when it starts.
///
/// # Errors
/// The module has no memory.
pub(crate) fn give(rest: &mut Module, pieces: &[Vec<u8>], addresses: &[usize]) -> Result<()> {
    let memory = rest.memories.iter().next().context("the module has no memory")?.id();
    for (piece, address) in pieces.iter().zip(addresses) {
        put(rest, memory, *address, piece.clone())?;
    }
    Ok(())
}

fn put(module: &mut Module, memory: MemoryId, address: usize, value: Vec<u8>) -> Result<()> {
    let offset = ConstExpr::Value(Value::I32(i32::try_from(address)?));
    let data = module.data.add(DataKind::Active { memory, offset }, value);
    module.memories.get_mut(memory).data_segments.insert(data);
    Ok(())
}

fn find(module: &Module, piece: &[u8]) -> Result<Place> {
    ensure!(!piece.is_empty(), "there is nothing to put off in an empty file");
    let mut found = Vec::new();
    for data in module.data.iter() {
        let DataKind::Active { memory, offset: ConstExpr::Value(Value::I32(begin)) } = data.kind else {
            continue;
        };
        let begin = usize::try_from(begin)?;
        let windows = data.value.windows(piece.len()).enumerate();
        let places = windows.filter(|(_, window)| *window == piece).map(|(at, _)| at);
        found.extend(places.map(|at| Place { segment: data.id(), memory, begin, at }));
    }
    match found.as_slice() {
        [place] => Ok(*place),
        _ => bail!("data of {} bytes is in the module {} times, not once", piece.len(), found.len()),
    }
}

/// A function of the first half that knows an address from `begin` up to `end` would find nothing there. A
/// number that only looks like one is refused too: better a word too many than a zero read.
fn refuse_readers(first: &Module, begin: usize, end: usize) -> Result<()> {
    struct Mentions(Vec<i64>);
    impl Visitor<'_> for Mentions {
        fn visit_value(&mut self, value: &Value) {
            if let Value::I32(value) = value {
                self.0.push(i64::from(*value));
            }
        }
        fn visit_load(&mut self, load: &Load) {
            self.0.extend(i64::try_from(load.arg.offset));
        }
        fn visit_store(&mut self, store: &Store) {
            self.0.extend(i64::try_from(store.arg.offset));
        }
    }
    let range = i64::try_from(begin)?..i64::try_from(end)?;
    for function in first.funcs.iter() {
        let FunctionKind::Local(local) = &function.kind else { continue };
        let mut mentions = Mentions(Vec::new());
        dfs_in_order(&mut mentions, local, local.entry_block());
        if mentions.0.iter().any(|number| range.contains(number)) {
            let name = names::name(function);
            bail!("`{name}` is of the first half and mentions data that is put off until the rest is there");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use walrus::{FunctionBuilder, ValType};

    use super::*;
    use crate::record::config;

    /// Holds `abcdef` from address 8 on, and a function that loads from `address`.
    fn module(address: i32) -> Module {
        let mut module = Module::with_config(config());
        let memory = module.memories.add_local(false, false, 1, None, None);
        put(&mut module, memory, 8, b"abcdef".to_vec()).unwrap();
        let mut reader = FunctionBuilder::new(&mut module.types, &[], &[ValType::I32]);
        reader.name("reader".into()).func_body().i32_const(address);
        reader.finish(Vec::new(), &mut module.funcs);
        module
    }

    fn segments(module: &Module) -> Vec<(i32, Vec<u8>)> {
        let begin = |kind: &DataKind| match kind {
            DataKind::Active { offset: ConstExpr::Value(Value::I32(begin)), .. } => *begin,
            other => panic!("{other:?}"),
        };
        module.data.iter().map(|data| (begin(&data.kind), data.value.clone())).collect()
    }

    #[test]
    fn a_piece_leaves_the_first_half_and_comes_back_to_its_address_with_the_rest() {
        let (mut first, pieces) = (module(0), [b"cd".to_vec()]);
        let addresses = take(&mut first, &pieces).unwrap();
        assert_eq!(segments(&first), [(8, b"ab".to_vec()), (12, b"ef".to_vec())]);
        let mut rest = Module::with_config(config());
        rest.memories.add_local(false, false, 1, None, None);
        give(&mut rest, &pieces, &addresses).unwrap();
        assert_eq!(segments(&rest), [(10, b"cd".to_vec())]);
    }

    #[test]
    fn what_is_not_there_exactly_once_is_refused() {
        for piece in ["x", "", "abcdefg"] {
            assert!(take(&mut module(0), &[piece.into()]).is_err(), "{piece}");
        }
        let mut twice = module(0);
        let memory = twice.memories.iter().next().unwrap().id();
        put(&mut twice, memory, 100, b"abc".to_vec()).unwrap();
        assert!(take(&mut twice, &[b"abc".to_vec()]).is_err());
    }

    #[test]
    fn what_a_function_of_the_first_half_reads_stays() {
        for (address, is_read) in [(9, false), (10, true), (11, true), (12, false)] {
            let taken = take(&mut module(address), &[b"cd".to_vec()]);
            assert_eq!(taken.is_err(), is_read, "{address}");
        }
    }
}
