// Nothing: test_headers is the precompiled headers that all tests share.
