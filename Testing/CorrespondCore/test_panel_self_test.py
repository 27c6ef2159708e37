"""The hidden module loads, stays hidden, and its self test passes."""

import unittest

from Testing import host

host.start(modules=["CorrespondCore/CorrespondCore.py"])

import slicer  # noqa: E402


class CorrespondCoreModuleTest(unittest.TestCase):
    def test_it_is_hidden_and_described(self):
        module = slicer.modules.correspondcore
        self.assertTrue(module.hidden)
        self.assertEqual(module.title, "Correspond Core")
        self.assertIn("research use only", module.helpText)

    def test_self_test(self):
        import CorrespondCore

        CorrespondCore.CorrespondCoreTest().runTest()


if __name__ == "__main__":
    unittest.main()
