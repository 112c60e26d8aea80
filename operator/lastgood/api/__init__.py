"""The API `lastgood.dev/v1alpha1`: one module per kind, and the CRDs generated from them.

Nothing in here reads or writes anything but values: no clients, no clock, no files (but for the generators
`lastgood.api.crd` and `lastgood.api.reference`).
"""
