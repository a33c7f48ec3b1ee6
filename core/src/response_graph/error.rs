//! What can be wrong with a graph, with a stable code for programs and a sentence for designers.

/// What kind of mistake a graph holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GraphCode {
    /// The text is not JSON.
    NotJson,
    /// It is JSON, and not written like a graph.
    BadFormat,
    /// There are too many bytes or nodes.
    TooLarge,
    /// Its version is not one that is read here.
    UnknownVersion,
    /// There is no such kind of node.
    UnknownKind,
    /// Two nodes have one name.
    DuplicateId,
    /// A node reads one that is not there.
    MissingInput,
    /// A node reads a value of another type than it takes.
    WrongType,
    /// A number or a text lies outside its bounds.
    OutOfRange,
    /// Nodes read each other in a ring, without a memory in between.
    Cycle,
    /// There is no output, or more than one.
    Output,
    /// A response or a state can never be reached.
    Unreachable,
}

impl GraphCode {
    /// The stable name, for instance `missing_input`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::BadFormat => "bad_format",
            Self::TooLarge => "too_large",
            Self::UnknownVersion => "unknown_version",
            Self::UnknownKind => "unknown_kind",
            Self::DuplicateId => "duplicate_id",
            Self::MissingInput => "missing_input",
            Self::WrongType => "wrong_type",
            Self::OutOfRange => "out_of_range",
            Self::Cycle => "cycle",
            Self::Output => "output",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Why a graph is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {detail}.", self.subject())]
pub struct GraphError {
    /// Of which kind.
    pub code: GraphCode,
    /// The node that has to be changed; none where it is the graph as a whole.
    pub node: Option<String>,
    /// What is wrong and what to do, as the rest of a sentence that begins with the node.
    pub detail: String,
}

impl GraphError {
    /// A mistake of one node.
    pub(super) fn of(code: GraphCode, node: &str, detail: impl Into<String>) -> Self {
        Self { code, node: Some(short(node)), detail: detail.into() }
    }

    /// A mistake of the graph.
    pub(super) fn whole(code: GraphCode, detail: impl Into<String>) -> Self {
        Self { code, node: None, detail: detail.into() }
    }

    fn subject(&self) -> String {
        self.node.as_ref().map_or_else(|| "The graph".to_owned(), |id| format!("The node \"{id}\""))
    }
}

/// What comes from outside is cut before it is repeated.
pub(super) fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A reader's error may repeat what comes from outside, too.
pub(super) fn cut(error: &serde_json::Error) -> String {
    error.to_string().chars().take(400).collect()
}
