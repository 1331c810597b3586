# man/local.mk: manual pages; mdoc.
