//! [`Property`]: one row of the table of settings, and the words that a row is written with. Constant data.

/// One setting: its name, what it takes, and what this engine does with it.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    name: &'static str,
    level: Level,
    role: Role,
    kind: Kind,
    handling: Handling,
    deprecated: bool,
    hidden: bool,
    sensitive: bool,
}

/// Whether a setting belongs to the client or to the topics it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The client.
    Global,
    /// Each topic. Set on a client it is the default of the client's topics.
    Topic,
}

/// Which kind of client a setting is for. Setting another client's is no error, only warned about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// All clients.
    Any,
    /// Producers.
    Producer,
    /// Consumers.
    Consumer,
}

/// What this engine does with a setting whose value is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// It has the meaning that librdkafka documents.
    Honoured,
    /// It is checked and then has no effect: it concerns the network, or a way of working that is gone.
    Ignored,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true`, `t`, `1`, `false`, `f` or `0`.
    Bool {
        /// Value when not set.
        default: bool,
    },
    /// A whole number as C's `strtol` reads it (`0x` and a leading `0` work), or one of `words`.
    Int {
        /// Smallest.
        min: i32,
        /// Largest.
        max: i32,
        /// Value when not set.
        default: i32,
        /// Words that stand for numbers.
        words: &'static [(&'static str, i32)],
    },
    /// A number as C's `strtod` reads it.
    Float {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
        /// Value when not set.
        default: f64,
    },
    /// Text.
    Text {
        /// Value when not set, and when set to nothing.
        default: Option<&'static str>,
        /// Which texts.
        rule: TextRule,
    },
    /// One word of a list, in any case.
    Choice {
        /// Value when not set.
        default: &'static str,
        /// The words.
        words: &'static [&'static str],
        /// Words that mean the same as another: (word, the one it stands for).
        synonyms: &'static [(&'static str, &'static str)],
    },
    /// Several words of a list, separated by commas, each with an optional `+` or `-` in front. They add to what is
    /// set already.
    Flags {
        /// The words; the bit of each is its place here. `all` stands for every bit.
        words: &'static [&'static str],
        /// Bits when not set.
        default: u32,
    },
    /// Regular expressions, separated by commas.
    Patterns,
    /// A callback or another thing that has no text form.
    Dedicated,
    /// Known to librdkafka, but nothing that an application can set.
    Internal,
    /// Another name.
    Alias {
        /// The property meant.
        of: &'static str,
    },
    /// Setting it is refused, whatever the value.
    Unsupported {
        /// What it reads as.
        default: Option<&'static str>,
        /// Why, in the words of the error.
        reason: &'static str,
    },
    /// A property of the Java clients that librdkafka explains instead of just not knowing it.
    Foreign {
        /// The whole text of the error.
        explanation: &'static str,
    },
}

/// Which texts a setting takes. White space in front is dropped first, but for [`TextRule::Verbatim`].
#[derive(Clone, Copy, Debug)]
pub enum TextRule {
    /// Any text, or nothing.
    Any,
    /// Any text with its white space, or nothing.
    Verbatim,
    /// Any text.
    Required,
    /// Any text without commas and blanks.
    Single,
    /// One of these, spelt like this.
    OneOf(&'static [&'static str]),
}

impl Property {
    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Client or topic.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Which clients it is for.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// What values it takes.
    #[must_use]
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// What the engine does with it.
    #[must_use]
    pub const fn handling(&self) -> Handling {
        self.handling
    }

    /// Whether librdkafka discourages it.
    #[must_use]
    pub const fn is_deprecated(&self) -> bool {
        self.deprecated
    }

    /// Whether librdkafka's documentation does not list it.
    #[must_use]
    pub const fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Whether its value is a secret that no log may show.
    #[must_use]
    pub const fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    const fn new(name: &'static str, role: Role, kind: Kind, handling: Handling) -> Property {
        let (deprecated, hidden, sensitive) = (false, false, false);
        Property { name, level: Level::Global, role, kind, handling, deprecated, hidden, sensitive }
    }

    pub(super) const fn at(mut self, level: Level) -> Property {
        self.level = level;
        self
    }

    pub(super) const fn deprecated(mut self) -> Property {
        self.deprecated = true;
        self
    }

    pub(super) const fn hidden(mut self) -> Property {
        self.hidden = true;
        self
    }

    pub(super) const fn sensitive(mut self) -> Property {
        self.sensitive = true;
        self
    }
}

/// A row for all clients.
pub(super) const fn any(name: &'static str, kind: Kind, handling: Handling) -> Property {
    Property::new(name, Role::Any, kind, handling)
}

/// A row for producers.
pub(super) const fn producer(name: &'static str, kind: Kind, handling: Handling) -> Property {
    Property::new(name, Role::Producer, kind, handling)
}

/// A row for consumers.
pub(super) const fn consumer(name: &'static str, kind: Kind, handling: Handling) -> Property {
    Property::new(name, Role::Consumer, kind, handling)
}

pub(super) const fn boolean(default: bool) -> Kind {
    Kind::Bool { default }
}

pub(super) const fn int(min: i32, max: i32, default: i32) -> Kind {
    Kind::Int { min, max, default, words: &[] }
}

pub(super) const fn float(min: f64, max: f64, default: f64) -> Kind {
    Kind::Float { min, max, default }
}

pub(super) const fn text() -> Kind {
    Kind::Text { default: None, rule: TextRule::Any }
}

pub(super) const fn text_or(default: &'static str) -> Kind {
    Kind::Text { default: Some(default), rule: TextRule::Any }
}

pub(super) const fn choice(default: &'static str, words: &'static [&'static str]) -> Kind {
    Kind::Choice { default, words, synonyms: &[] }
}

pub(super) const fn alias(of: &'static str) -> Kind {
    Kind::Alias { of }
}
