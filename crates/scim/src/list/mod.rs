//! List of SCIM.
