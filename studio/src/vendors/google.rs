//! Google's Gemini API for developers, as Google's own SDKs speak it: words and pictures by
//! `generateContent`, pictures by Imagen's `predict`, clips by Veo's operations, files.

mod content;
mod error;
mod files;
mod imagen;
mod json;
mod models;
mod routes;
mod safety;
mod text;
mod veo;
mod work;

pub(super) use self::routes::routes;

#[cfg(test)]
mod tests;
