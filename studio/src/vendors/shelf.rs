//! Files that vendors keep for their callers: uploads, results, objects in buckets. Named by vendor
//! and path, bounded in bytes; the oldest go first.

use std::collections::{BTreeMap, VecDeque};

use super::Vendor;
use super::ledger::Media;

/// How many bytes are kept over all vendors.
const KEPT_BYTES: usize = 256 << 20;

/// The files.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    files: BTreeMap<(Vendor, String), Media>,
    order: VecDeque<(Vendor, String)>,
    bytes: usize,
}

impl Shelf {
    /// Keeps a file under this name, in place of an older one.
    pub(super) fn put(&mut self, vendor: Vendor, name: &str, media: Media) {
        self.remove(vendor, name);
        let name = (vendor, name.to_owned());
        self.bytes += media.bytes.len();
        self.order.push_back(name.clone());
        self.files.insert(name, media);
        while self.bytes > KEPT_BYTES && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(gone) = self.files.remove(&oldest) {
                self.bytes -= gone.bytes.len();
            }
        }
    }

    /// The file of this name.
    pub(super) fn get(&self, vendor: Vendor, name: &str) -> Option<Media> {
        self.files.get(&(vendor, name.to_owned())).cloned()
    }

    /// Forgets a file. Says whether there was one.
    pub(super) fn remove(&mut self, vendor: Vendor, name: &str) -> bool {
        let name = (vendor, name.to_owned());
        let Some(gone) = self.files.remove(&name) else { return false };
        self.bytes -= gone.bytes.len();
        self.order.retain(|other| *other != name);
        true
    }

    /// The names that begin so, in order, with their sizes in bytes.
    pub(super) fn names(&self, vendor: Vendor, prefix: &str) -> Vec<(String, usize)> {
        let from = (vendor, prefix.to_owned());
        let all = self
            .files
            .range(from..)
            .take_while(|((whose, name), _)| *whose == vendor && name.starts_with(prefix));
        all.map(|((_, name), media)| (name.clone(), media.bytes.len())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;

    fn media(text: &'static str) -> Media {
        Media { bytes: Bytes::from_static(text.as_bytes()), media_type: "text/plain" }
    }

    #[test]
    fn a_file_is_found_by_vendor_and_name_until_it_is_removed() {
        let mut shelf = Shelf::default();
        shelf.put(Vendor::Bedrock, "b/1", media("one"));
        shelf.put(Vendor::Bedrock, "b/1", media("two"));
        shelf.put(Vendor::Bedrock, "c", media("three"));
        assert_eq!(shelf.get(Vendor::Bedrock, "b/1").unwrap().bytes, "two");
        assert!(shelf.get(Vendor::Google, "b/1").is_none());
        assert_eq!(shelf.names(Vendor::Bedrock, "b/"), [("b/1".to_owned(), 3)]);
        assert!(shelf.remove(Vendor::Bedrock, "b/1") && !shelf.remove(Vendor::Bedrock, "b/1"));
        assert_eq!(shelf.bytes, 5);
    }
}
