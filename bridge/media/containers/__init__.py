"""Films and sounds freed of what does not belong to them, by their containers alone: nothing is decoded.

Every module has one function, ``scrub(file, size)``, over a seekable file open for reading and writing. It works in
place and in small steps, whatever the size. It returns ``Facts`` or raises UnfitMedia: then the file is not used.
"""
