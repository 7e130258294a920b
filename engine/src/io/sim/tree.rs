//! The names of a simulated disk, and which of them a power cut may take back.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use super::file::FileNode;
use super::random::Random;
use super::space::Space;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Directory(DirectoryId),
    File(Arc<FileNode>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DirectoryId(u64);

const ROOT: DirectoryId = DirectoryId(0);

/// A name in a directory.
#[derive(Clone, Debug)]
pub(super) struct Place {
    directory: DirectoryId,
    name: String,
}

/// Directories and the changes to them that no sync has made durable yet.
#[derive(Debug)]
pub(super) struct Tree {
    directories: HashMap<DirectoryId, Directory>,
    next: u64,
    /// In the order in which they were made. `None` when no power cut is simulated.
    unsynced: Option<Vec<Change>>,
}

#[derive(Debug, Default)]
struct Directory {
    entries: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
}

/// One change, atomic as in any journaling file system: a new name, a removed one, or both (a rename). A rename
/// between two directories counts as durable when either has been synced.
#[derive(Clone, Debug)]
struct Change {
    removed: Option<Place>,
    added: Option<(Place, Node)>,
}

impl Change {
    fn touches(&self, directory: DirectoryId) -> bool {
        let places = self.removed.iter().chain(self.added.iter().map(|(place, _)| place));
        places.into_iter().any(|place| place.directory == directory)
    }
}

impl Tree {
    pub(super) fn new(with_history: bool) -> Tree {
        let directories = HashMap::from([(ROOT, Directory::default())]);
        Tree { directories, next: 1, unsynced: with_history.then(Vec::new) }
    }

    /// What `path` names.
    pub(super) fn find(&self, path: &Path) -> io::Result<Node> {
        let mut node = Node::Directory(ROOT);
        for name in names(path)? {
            let Node::Directory(directory) = node else { return Err(io::ErrorKind::NotADirectory.into()) };
            node = self.entries(directory)?.get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(node)
    }

    pub(super) fn find_directory(&self, path: &Path) -> io::Result<DirectoryId> {
        match self.find(path)? {
            Node::Directory(directory) => Ok(directory),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// The place `path` names in a directory that exists.
    pub(super) fn place(&self, path: &Path) -> io::Result<Place> {
        let name = names(path)?.pop().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Place { directory: self.find_directory(parent)?, name })
    }

    pub(super) fn list(&self, directory: DirectoryId) -> io::Result<Vec<String>> {
        Ok(self.entries(directory)?.keys().cloned().collect())
    }

    pub(super) fn create_directories(&mut self, path: &Path) -> io::Result<()> {
        let mut directory = ROOT;
        for name in names(path)? {
            directory = match self.entries(directory)?.get(name) {
                Some(Node::Directory(existing)) => *existing,
                Some(Node::File(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
                None => self.create_directory(Place { directory, name: name.to_owned() })?,
            };
        }
        Ok(())
    }

    pub(super) fn add_file(&mut self, place: Place, file: Arc<FileNode>) -> io::Result<()> {
        self.change(Change { removed: None, added: Some((place, Node::File(file))) })
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        match self.find(path)? {
            Node::File(file) => {
                let place = self.place(path)?;
                self.change(Change { removed: Some(place), added: None })?;
                file.unlink();
                Ok(())
            }
            Node::Directory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// Removes what is inside one by one, as a file system does, so that a power cut may find it half done.
    pub(super) fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        let directory = self.find_directory(path)?;
        for name in self.list(directory)? {
            let inner = path.join(name);
            match self.find(&inner)? {
                Node::File(_) => self.remove_file(&inner)?,
                Node::Directory(_) => self.remove_directory(&inner)?,
            }
        }
        let place = self.place(path)?;
        self.change(Change { removed: Some(place), added: None })?;
        if self.unsynced.is_none() {
            self.directories.remove(&directory);
        }
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let moved = self.find(from)?;
        let removed = self.place(from)?;
        let added = self.place(to)?;
        match (&moved, self.find(to)) {
            (Node::File(moved), Ok(Node::File(replaced))) if !Arc::ptr_eq(moved, &replaced) => {
                replaced.unlink()
            }
            (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
            (Node::File(_), Ok(Node::File(_))) => return Ok(()),
            (Node::Directory(_), Ok(Node::Directory(target))) if self.list(target)?.is_empty() => {}
            (_, Ok(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
            (_, Err(error)) => return Err(error),
        }
        self.change(Change { removed: Some(removed), added: Some((added, moved)) })
    }

    pub(super) fn sync(&mut self, directory: DirectoryId) {
        let Some(unsynced) = self.unsynced.take() else { return };
        let (synced, rest): (Vec<_>, Vec<_>) =
            unsynced.into_iter().partition(|change| change.touches(directory));
        for change in synced {
            self.make_durable(change);
        }
        self.unsynced = Some(rest);
    }

    /// The names as found after a power cut now, with the files' contents as found.
    pub(super) fn after_power_cut(&self, random: &mut Random, space: &Arc<Space>) -> Tree {
        let mut found = Tree::new(true);
        let Some(unsynced) = &self.unsynced else { return found };
        for (id, directory) in &self.directories {
            let durable = directory.durable.clone();
            found.directories.insert(*id, Directory { entries: BTreeMap::new(), durable });
        }
        found.next = self.next;
        for change in surviving(unsynced, random) {
            found.make_durable(change);
        }
        found.reload(ROOT, random, space);
        found
    }

    /// Gives `directory` and what is below it the contents a mount finds. In the order of names: a seed replays it.
    fn reload(&mut self, directory: DirectoryId, random: &mut Random, space: &Arc<Space>) {
        let Some(durable) = self.directories.get(&directory).map(|found| found.durable.clone()) else {
            return;
        };
        let mut entries = BTreeMap::new();
        for (name, node) in durable {
            let node = match node {
                Node::File(file) => Node::File(Arc::new(file.after_power_cut(random, space))),
                Node::Directory(inner) => {
                    self.reload(inner, random, space);
                    Node::Directory(inner)
                }
            };
            entries.insert(name, node);
        }
        let durable = entries.clone();
        self.directories.insert(directory, Directory { entries, durable });
    }

    fn create_directory(&mut self, place: Place) -> io::Result<DirectoryId> {
        let id = DirectoryId(self.next);
        self.next += 1;
        self.directories.insert(id, Directory::default());
        self.change(Change { removed: None, added: Some((place, Node::Directory(id))) })?;
        Ok(id)
    }

    fn change(&mut self, change: Change) -> io::Result<()> {
        if let Some(place) = &change.removed {
            self.entries_mut(place.directory)?.remove(&place.name);
        }
        if let Some((place, node)) = &change.added {
            self.entries_mut(place.directory)?.insert(place.name.clone(), node.clone());
        }
        if let Some(unsynced) = &mut self.unsynced {
            unsynced.push(change);
        }
        Ok(())
    }

    fn make_durable(&mut self, change: Change) {
        if let Some(place) = change.removed
            && let Some(directory) = self.directories.get_mut(&place.directory)
        {
            directory.durable.remove(&place.name);
        }
        if let Some((place, node)) = change.added
            && let Some(directory) = self.directories.get_mut(&place.directory)
        {
            directory.durable.insert(place.name, node);
        }
    }

    fn entries(&self, directory: DirectoryId) -> io::Result<&BTreeMap<String, Node>> {
        match self.directories.get(&directory) {
            Some(found) => Ok(&found.entries),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn entries_mut(&mut self, directory: DirectoryId) -> io::Result<&mut BTreeMap<String, Node>> {
        match self.directories.get_mut(&directory) {
            Some(found) => Ok(&mut found.entries),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// The unsynced changes that a power cut happens to leave: none, all, the older ones (a journal), or any.
fn surviving(unsynced: &[Change], random: &mut Random) -> Vec<Change> {
    match random.below(4) {
        0 => Vec::new(),
        1 => unsynced.to_vec(),
        2 => unsynced[..random.index(unsynced.len() + 1)].to_vec(),
        _ => unsynced.iter().filter(|_| random.flip()).cloned().collect(),
    }
}

/// The names along a path from the root. A relative path starts there too.
fn names(path: &Path) -> io::Result<Vec<&str>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => names.push(name.to_str().ok_or(io::ErrorKind::InvalidInput)?),
            Component::ParentDir | Component::Prefix(_) => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    Ok(names)
}
