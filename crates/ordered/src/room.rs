//! [`Room`]: the room of a list that is made again and again, kept from one time to the next.

use std::hash::{Hash, Hasher};

/// An empty list that keeps its room. It is no part of the state that it is kept in: copies have none, and no digest holds it.
#[derive(Debug)]
pub struct Room<T>(Vec<T>);

impl<T> Room<T> {
    /// The list, to be filled. Until it is put back there is another one, without room.
    pub fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }
    /// Empties a list and keeps its room.
    pub fn put_back(&mut self, mut list: Vec<T>) {
        list.clear();
        self.0 = list;
    }
}

impl<T> Default for Room<T> {
    fn default() -> Room<T> {
        Room(Vec::new())
    }
}

impl<T> Clone for Room<T> {
    fn clone(&self) -> Room<T> {
        Room::default()
    }
}

impl<T> Hash for Room<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
