//! Secret keys of servers, the same in every run, and what an edge is told of them.

use cuelight_core::auth::secret_key::SecretKey;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// A server with a key.
#[derive(Debug, Clone)]
pub struct Server {
    /// The key itself.
    pub key: String,
    /// Its entry in `SECRET_KEYS`.
    pub entry: Value,
}

impl Server {
    /// The server of `tenant` whose key is made of this number and may do this.
    #[must_use]
    pub fn new(number: u8, tenant: &str, may: &[&str]) -> Self {
        let key = SecretKey::from_random([number; 32]);
        let id = format!("{tenant}-{number}");
        let entry = json!({"id": id, "tenant": tenant, "sha256": key.sha256(), "may": may});
        Self { key: key.reveal().to_owned(), entry }
    }

    /// A request with its key.
    pub fn request(&self, world: &World, method: Method, path: &str) -> RequestBuilder {
        world.http.request(method, world.at(path)).bearer_auth(&self.key)
    }

    /// `GET path`.
    pub async fn get(&self, world: &World, path: &str) -> Answer {
        Answer::to(self.request(world, Method::GET, path)).await
    }

    /// `POST path`.
    pub async fn post(&self, world: &World, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(world, Method::POST, path).json(body)).await
    }

    /// Asks for a clip.
    pub async fn ask(&self, world: &World, body: &Value) -> Answer {
        self.post(world, "/api/v1/jobs", body).await
    }
}
