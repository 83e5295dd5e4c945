/** How large what is decoded may be: both are held in memory. A file of its own, so that asking does not load the codecs. Sizes in bytes. */

/** Compressed file. */
export const LARGEST_COMPRESSED_BYTES = 256 * 1024 * 1024
/** Native pixel data that is made of it. */
export const LARGEST_NATIVE_BYTES = 512 * 1024 * 1024

/** Told of what a codec has failed at: its own words are for our log. */
export const UNDECODABLE = 'its pixel data cannot be decoded'
