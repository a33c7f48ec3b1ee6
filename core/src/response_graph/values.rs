//! Reads the single values of a node while it is compiled: each of the type that its place takes, each
//! within its bounds.

use super::compile::{Compiler, Made, Type, type_of_literal};
use super::definition::{Literal, Operand};
use super::error::short;
use super::node::{Source, tame};
use super::{GraphCode, GraphError, LARGEST};
use crate::operation::MAX_WORD_CHARS;

/// Most values in one list of a node.
pub(super) const MOST_LISTED: usize = 64;

impl Compiler<'_> {
    pub(super) fn fault(&self, code: GraphCode, detail: impl Into<String>) -> GraphError {
        GraphError::of(code, self.id, detail)
    }

    /// The type of a value; of a node that is missing, any.
    pub(super) fn type_of(&self, operand: &Operand) -> Type {
        match operand {
            Operand::Literal(literal) => type_of_literal(literal),
            Operand::Node(id) => {
                self.known.iter().find(|(name, _)| name == id).map_or(Type::Number, |(_, told)| *told)
            }
        }
    }

    pub(super) fn same_type(&self, field: &str, is: Type, wanted: Type) -> Made<()> {
        if is == wanted && is != Type::Response {
            return Ok(());
        }
        let (takes, given) = (wanted.name(), is.name());
        let detail = format!("takes {takes} as \"{field}\" and is given {given}: {}", wanted.remedy(is));
        Err(self.fault(GraphCode::WrongType, detail))
    }

    pub(super) fn operand(&mut self, field: &str, operand: &Operand, wanted: Type) -> Made<Source> {
        self.same_type(field, self.type_of(operand), wanted)?;
        match operand {
            Operand::Literal(literal) => Ok(Source::Literal(self.literal(field, literal)?)),
            Operand::Node(id) => {
                let at = self.known.iter().position(|(name, _)| name == id).unwrap_or_default();
                Ok(Source::Node(index(at)))
            }
        }
    }

    pub(super) fn number(&mut self, field: &str, operand: &Operand) -> Made<Source> {
        self.operand(field, operand, Type::Number)
    }

    pub(super) fn flag(&mut self, field: &str, operand: &Operand) -> Made<Source> {
        self.operand(field, operand, Type::Flag)
    }

    pub(super) fn text(&mut self, field: &str, operand: &Operand) -> Made<Source> {
        self.operand(field, operand, Type::Text)
    }

    pub(super) fn numbers(&mut self, of: &[Operand]) -> Made<Vec<Source>> {
        self.count("of", of.len())?;
        of.iter().map(|one| self.number("of", one)).collect()
    }

    pub(super) fn flags(&mut self, of: &[Operand]) -> Made<Vec<Source>> {
        self.count("of", of.len())?;
        of.iter().map(|one| self.flag("of", one)).collect()
    }

    pub(super) fn literal(&mut self, field: &str, literal: &Literal) -> Made<f64> {
        match literal {
            Literal::Number(number) => self.finite(field, *number),
            Literal::Flag(flag) => Ok(f64::from(u8::from(*flag))),
            Literal::Text(text) => self.word(field, text),
        }
    }

    /// The number of a word. A text is a word that a request for a clip may hold.
    pub(super) fn word(&mut self, field: &str, text: &str) -> Made<f64> {
        let allowed = |c: char| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, ' ' | '_' | '-');
        let length = text.chars().count();
        if !(1..=MAX_WORD_CHARS).contains(&length) || text.trim() != text || !text.chars().all(allowed) {
            let detail = format!(
                "holds the text \"{}\" in \"{field}\": write 1 to {MAX_WORD_CHARS} lower-case letters, digits, \
                 spaces, _ and -",
                short(text)
            );
            return Err(self.fault(GraphCode::OutOfRange, detail));
        }
        let at = self.words.iter().position(|word| word == text).unwrap_or_else(|| {
            self.words.push(text.to_owned());
            self.words.len() - 1
        });
        Ok(f64::from(index(at)))
    }

    pub(super) fn finite(&self, field: &str, number: f64) -> Made<f64> {
        self.between(field, number, -LARGEST, LARGEST)?;
        Ok(tame(number))
    }

    pub(super) fn between(&self, field: &str, number: f64, low: f64, high: f64) -> Made<()> {
        if (low..=high).contains(&number) {
            return Ok(());
        }
        let detail = format!("has {number} as \"{field}\": write a number from {low} to {high}");
        Err(self.fault(GraphCode::OutOfRange, detail))
    }

    pub(super) fn bounds(&self, low_field: &str, low: f64, high_field: &str, high: f64) -> Made<(f64, f64)> {
        let (low, high) = (self.finite(low_field, low)?, self.finite(high_field, high)?);
        if low <= high {
            return Ok((low, high));
        }
        let detail = format!("has a \"{low_field}\" above its \"{high_field}\"");
        Err(self.fault(GraphCode::OutOfRange, detail))
    }

    pub(super) fn points(&self, field: &str, points: &[[f64; 2]]) -> Made<Vec<[f64; 2]>> {
        self.count(field, points.len())?;
        for [x, y] in points {
            self.finite(field, *x)?;
            self.finite(field, *y)?;
        }
        if points.windows(2).all(|two| matches!(two, [[a, _], [b, _]] if a < b)) {
            return Ok(points.to_vec());
        }
        let detail =
            format!("has \"{field}\" that do not rise: every number must be greater than the one before");
        Err(self.fault(GraphCode::OutOfRange, detail))
    }

    pub(super) fn count(&self, field: &str, count: usize) -> Made<()> {
        if (1..=MOST_LISTED).contains(&count) {
            return Ok(());
        }
        let detail = format!("has {count} values in \"{field}\": write 1 to {MOST_LISTED}");
        Err(self.fault(GraphCode::OutOfRange, detail))
    }
}

/// A place in a list that is shorter than 2^16.
pub(super) fn index(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}
