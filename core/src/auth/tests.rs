//! The promises of keys, tokens, addresses and webhooks.
