# profiles/local.mk: policies that sbx ships.
profiledir = $(datadir)/sbx/profiles
dist_profile_DATA =
