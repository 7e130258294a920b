//! `meta.properties`: which cluster and node a data directory belongs to (KIP-631, KIP-858). Pure text.

use std::path::Path;

use super::checkpoint::{MalformedFile, parse_number};

/// Name of the file in the data directory.
pub(super) const FILE_NAME: &str = "meta.properties";

/// Who a data directory belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// `cluster.id`
    pub cluster_id: String,
    /// `node.id`
    pub node_id: i32,
    /// `directory.id`
    pub directory_id: String,
}

/// The file's bytes.
pub(super) fn encode(meta: &MetaProperties) -> Vec<u8> {
    let MetaProperties { cluster_id, node_id, directory_id } = meta;
    format!("version=1\ncluster.id={cluster_id}\nnode.id={node_id}\ndirectory.id={directory_id}\n")
        .into_bytes()
}

/// Reads the file's bytes. Comments and keys that mean nothing here are passed over, as Java's `Properties` would.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<MetaProperties, MalformedFile> {
    let malformed = |line, reason| MalformedFile { path: path.to_owned(), line, reason };
    let text = std::str::from_utf8(bytes).map_err(|_| malformed(1, "not UTF-8"))?;
    let (mut version, mut cluster_id, mut node_id, mut directory_id) = (None, None, None, None);
    let mut last = 1;
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        last = number;
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let (key, value) =
            line.split_once('=').ok_or_else(|| malformed(number, "expected a key and a value"))?;
        let value = value.trim();
        match key.trim() {
            "version" if value == "1" => version = Some(()),
            "version" => return Err(malformed(number, "unknown version, expected 1")),
            "cluster.id" => cluster_id = Some(value.to_owned()),
            "node.id" => node_id = Some(parse_number(value).map_err(|reason| malformed(number, reason))?),
            "directory.id" => directory_id = Some(value.to_owned()),
            _ => {}
        }
    }
    version.ok_or_else(|| malformed(last, "version is missing"))?;
    Ok(MetaProperties {
        cluster_id: cluster_id.ok_or_else(|| malformed(last, "cluster.id is missing"))?,
        node_id: node_id.ok_or_else(|| malformed(last, "node.id is missing"))?,
        directory_id: directory_id.ok_or_else(|| malformed(last, "directory.id is missing"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_round_trips_and_takes_kafkas() {
        let meta = MetaProperties {
            cluster_id: "c-1".to_owned(),
            node_id: 3,
            directory_id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        };
        let path = Path::new("meta.properties");
        assert_eq!(decode(path, &encode(&meta)), Ok(meta.clone()));
        let kafkas = b"#\n#Fri Nov 20 10:00:00 UTC 2026\ncluster.id=c-1\nversion=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAA\nnode.id=3\n";
        assert_eq!(decode(path, kafkas), Ok(meta));
    }

    #[test]
    fn every_deviation_names_its_line() {
        let error = |text: &str| decode(Path::new("m"), text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error(""), "m line 1: version is missing");
        assert_eq!(error("version=0\n"), "m line 1: unknown version, expected 1");
        assert_eq!(error("version=1\nnode.id=x\n"), "m line 2: not a number");
        assert_eq!(error("version=1\nnode.id\n"), "m line 2: expected a key and a value");
        assert_eq!(error("version=1\nnode.id=1\n"), "m line 2: cluster.id is missing");
    }
}
