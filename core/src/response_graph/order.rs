//! In which order the nodes of a graph are computed, or by which ring of them there is none.

use super::error::short;
use super::{GraphCode, GraphError, Written};

/// Where a node stands while the order is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// The places of the nodes in the document, so that each comes after all that it reads in the same
/// step. A memory reads at the end of a step, and so comes anywhere.
pub(super) fn sort(nodes: &[Written]) -> Result<Vec<usize>, GraphError> {
    let mut names: Vec<(&str, usize)> = nodes.iter().map(|node| node.id.as_str()).zip(0..).collect();
    names.sort_unstable();
    if let Some([(twice, _), _]) =
        names.windows(2).find_map(|two| <[_; 2]>::try_from(two).ok().filter(|[a, b]| a.0 == b.0))
    {
        let detail = "is there twice: every node needs a name of its own";
        return Err(GraphError::of(GraphCode::DuplicateId, twice, detail));
    }
    let mut reads = Vec::with_capacity(nodes.len());
    for node in nodes {
        let places: Result<Vec<usize>, GraphError> = node
            .kind
            .reads()
            .into_iter()
            .map(|id| place(&names, id).ok_or_else(|| missing(node, id)))
            .collect();
        let places = places?;
        reads.push(if node.kind.is_memory() { Vec::new() } else { places });
    }
    walk(nodes, &reads)
}

fn place(names: &[(&str, usize)], id: &str) -> Option<usize> {
    let at = names.binary_search_by(|(name, _)| (*name).cmp(id)).ok()?;
    names.get(at).map(|(_, place)| *place)
}

fn missing(node: &Written, id: &str) -> GraphError {
    let detail = format!("reads \"{}\", and no node has that name: add it, or correct the name", short(id));
    GraphError::of(GraphCode::MissingInput, &node.id, detail)
}

/// Depth first, with a stack of its own: a graph from outside decides nothing about ours.
fn walk(nodes: &[Written], reads: &[Vec<usize>]) -> Result<Vec<usize>, GraphError> {
    let mut marks = vec![Mark::New; nodes.len()];
    let mut order = Vec::with_capacity(nodes.len());
    for start in 0..nodes.len() {
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let at = *node;
            if *next == 0 && marks[at] == Mark::Done {
                path.pop();
                continue;
            }
            marks[at] = Mark::Open;
            let Some(&child) = reads[at].get(*next) else {
                marks[at] = Mark::Done;
                order.push(at);
                path.pop();
                continue;
            };
            *next += 1;
            match marks[child] {
                Mark::New => path.push((child, 0)),
                Mark::Open => return Err(ring(nodes, &path, child)),
                Mark::Done => {}
            }
        }
    }
    Ok(order)
}

fn ring(nodes: &[Written], path: &[(usize, usize)], closes: usize) -> GraphError {
    let from = path.iter().position(|(node, _)| *node == closes).unwrap_or_default();
    let names: Vec<String> = path[from..].iter().map(|(node, _)| short(&nodes[*node].id)).collect();
    let first = nodes[closes].id.as_str();
    let detail = format!(
        "reads itself: {} -> {}; put a delay, or another node that remembers, into this ring",
        names.join(" -> "),
        short(first)
    );
    GraphError::of(GraphCode::Cycle, first, detail)
}
