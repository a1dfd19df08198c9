//! Configs as a program or broker has them: what was set, over a table of definitions.

use std::hash::{Hash, Hasher};

use ordered::SortedMap;

use super::{ConfigDef, ConfigError, find, split_list};
use crate::api::Name;

/// What was set, and the table that says what holds otherwise. Getters take names of the table; a name that is not in it
/// is a bug of the engine and panics. Getters parse: read them once, not on a hot path.
#[derive(Clone, Debug)]
pub struct Configs {
    table: &'static [ConfigDef],
    values: SortedMap<Name, Name>,
}

impl Configs {
    /// Nothing set.
    pub fn defaults(table: &'static [ConfigDef]) -> Configs {
        Configs { table, values: SortedMap::new() }
    }

    /// `values` over `table`, each checked. Names that are not in the table are kept and ignored, as Java clients and brokers do
    /// (see [`Configs::unknown`]). A config without default must be set.
    pub fn new(table: &'static [ConfigDef], values: SortedMap<Name, Name>) -> Result<Configs, ConfigError> {
        for def in table {
            match values.get(def.name) {
                Some(value) => def.validate(value)?,
                None if def.is_required => {
                    let message =
                        format!("Missing required configuration \"{}\" which has no default value.", def.name);
                    return Err(ConfigError::new(message));
                }
                None => {}
            }
        }
        Ok(Configs { table, values })
    }

    /// The definitions.
    pub fn table(&self) -> &'static [ConfigDef] {
        self.table
    }
    /// What was set.
    pub fn overrides(&self) -> &SortedMap<Name, Name> {
        &self.values
    }
    /// Whether `name` was set.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }
    /// Names that were set and mean nothing here.
    pub fn unknown(&self) -> impl Iterator<Item = &Name> {
        self.values.keys().filter(|name| find(self.table, name).is_none())
    }
    /// Sets `name`, checked.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        if let Some(def) = find(self.table, name) {
            def.validate(value)?;
        }
        self.values.insert(name.into(), value.into());
        Ok(())
    }
    /// Back to the default.
    pub fn remove(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// The value; none is null.
    pub fn get(&self, name: &str) -> Option<&str> {
        let def = find(self.table, name).unwrap_or_else(|| panic!("no config `{name}` in this table"));
        self.values.get(name).map(|value| value.trim()).or(def.default)
    }
    /// The value of a text; null reads as empty.
    pub fn get_str(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
    /// The value of a number of at most 64 bits; null reads as −1, and of a DOUBLE the whole part.
    pub fn get_i64(&self, name: &str) -> i64 {
        let Some(value) = self.get(name) else { return -1 };
        value.parse().unwrap_or_else(|_| value.parse::<f64>().expect("values are checked when set") as i64)
    }
    /// The value of a number of at most 32 bits; null reads as −1.
    pub fn get_i32(&self, name: &str) -> i32 {
        i32::try_from(self.get_i64(name)).expect("INT values are checked when set")
    }
    /// A switch.
    pub fn get_bool(&self, name: &str) -> bool {
        self.get_str(name).eq_ignore_ascii_case("true")
    }
    /// The value of a DOUBLE.
    pub fn get_f64(&self, name: &str) -> f64 {
        self.get(name).map_or(0.0, |value| value.parse().expect("values are checked when set"))
    }
    /// The values of a list.
    pub fn get_list(&self, name: &str) -> impl Iterator<Item = &str> {
        split_list(self.get_str(name))
    }
}

impl PartialEq for Configs {
    fn eq(&self, other: &Configs) -> bool {
        std::ptr::eq(self.table, other.table) && self.values == other.values
    }
}
impl Eq for Configs {}
impl Hash for Configs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.values.hash(state);
    }
}
