//! Sets of bits in one word of a packet.

/// Defines a set of named bits, in which unnamed ones survive.
macro_rules! bits {
    ($(#[$doc:meta])* $type:ident($word:ty) { $($(#[$bit_doc:meta])* $bit:ident = $value:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $type($word);

        impl $type {
            $($(#[$bit_doc])* pub const $bit: $type = $type($value);)*

            /// No bit.
            pub const NONE: $type = $type(0);

            /// All bits as they are on the wire.
            pub const fn bits(self) -> $word {
                self.0
            }

            /// Whether all bits of `other` are set.
            pub const fn contains(self, other: $type) -> bool {
                self.0 & other.0 == other.0
            }

            /// These bits without those of `other`.
            pub const fn without(self, other: $type) -> $type {
                $type(self.0 & !other.0)
            }
        }

        impl core::ops::BitOr for $type {
            type Output = $type;

            fn bitor(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }
        }
    };
}

pub(crate) use bits;
