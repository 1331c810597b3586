# profiles/local.mk: profiles that sbx ships; sbx-profile(5).  They are built
# into it too (loader/local.mk): a file is only needed to read it.
profiledir = $(datadir)/sbx/profiles
shipped_profiles = \
	profiles/build \
	profiles/container \
	profiles/default \
	profiles/image \
	profiles/strict \
	profiles/workspace
dist_profile_DATA = $(shipped_profiles)
