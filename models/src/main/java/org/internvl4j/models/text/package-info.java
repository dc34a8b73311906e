/// Text to token ids and back: byte-level and SentencePiece BPE from a checkpoint's own files, with
/// control tokens and what a user types kept apart.
package org.internvl4j.models.text;
