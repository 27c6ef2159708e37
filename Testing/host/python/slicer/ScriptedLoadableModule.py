"""slicer.ScriptedLoadableModule: bases of a scripted module's classes, after Slicer's documentation."""

import os
import unittest

import ctk
import qt
import slicer

__all__ = ["ScriptedLoadableModule", "ScriptedLoadableModuleWidget", "ScriptedLoadableModuleLogic", "ScriptedLoadableModuleTest"]


class _WithResources:
    def resourcePath(self, filename):
        """Absolute path of a file in the module's Resources folder."""
        return os.path.join(os.path.dirname(slicer.util.modulePath(self.moduleName)), "Resources", filename)


class ScriptedLoadableModule(_WithResources):
    """What Slicer shows of a module: title, categories, help."""

    def __init__(self, parent):
        self.parent = parent
        self.moduleName = self.__class__.__name__
        parent.title, parent.categories, parent.contributors = "", [], []
        parent.helpText = parent.acknowledgementText = ""
        setattr(slicer.modules, self.moduleName.lower(), parent)
        icon = self.resourcePath(f"Icons/{self.moduleName}.png")
        if os.path.isfile(icon):
            parent.icon = qt.QIcon(icon)
        slicer.selfTests[self.moduleName] = self.runTest

    def getDefaultModuleDocumentationLink(self):
        link = slicer.app.moduleDocumentationUrl(self.moduleName)
        return f'<p>For more information see the <a href="{link}">documentation</a>.</p>'

    def runTest(self):
        """Run <Name>Test of the module's file."""
        getattr(__import__(self.moduleName), f"{self.moduleName}Test")().runTest()


class ScriptedLoadableModuleWidget(_WithResources):
    """The panel of a module; `self.layout` is where its contents go."""

    def __init__(self, parent):
        self.moduleName = self.__class__.__name__.removesuffix("Widget")
        self.developerMode = slicer.util.settingsValue("Developer/DeveloperMode", False, converter=slicer.util.toBool)
        self.parent, self.layout = parent, parent.layout()
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def cleanup(self):
        """Called before the module is unloaded or reloaded."""

    def _onModuleAboutToBeUnloaded(self, moduleName):
        if moduleName == self.moduleName:
            self.cleanup()
            slicer.app.moduleManager().disconnect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)

    def setup(self):
        """Build the panel: the base class adds the developer's section when developer mode is on."""
        if self.developerMode:
            self.setupDeveloperSection()

    def setupDeveloperSection(self):
        section = ctk.ctkCollapsibleButton()
        section.text = "Reload && Test"
        self.layout.addWidget(section)
        self.reloadButton = qt.QPushButton("Reload")
        self.reloadButton.connect("clicked()", self.onReload)
        self.reloadTestMenuButton = ctk.ctkMenuButton()
        self.reloadTestMenuButton.text = "Reload and Test"
        self.reloadTestMenuButton.connect("clicked()", self.onReloadAndTest)
        row = qt.QHBoxLayout(section)
        row.addWidget(self.reloadButton)
        row.addWidget(self.reloadTestMenuButton)

    def onReload(self):
        """Import the module's file anew and rebuild the panel."""
        slicer.util.reloadScriptedModule(self.moduleName)

    def onReloadAndTest(self):
        with slicer.util.tryWithErrorDisplay("Reload and Test failed."):
            self.onReload()
            slicer.selfTests[self.moduleName]()


class ScriptedLoadableModuleLogic:
    """Computation of a module, and its parameter node in the scene."""

    def __init__(self):
        self.moduleName = self.__class__.__name__.removesuffix("Logic")

    def getParameterNode(self):
        """The module's one parameter node (made when there is none yet)."""
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        own = (node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName)
        return next(own, None) or self.createParameterNode()

    def createParameterNode(self):
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        node.SetSingletonTag(self.moduleName)
        node.SetModuleName(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return slicer.mrmlScene.AddNode(node)


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Self test of a module: `runTest` runs every method whose name begins with "test"."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def runTest(self):
        for name in unittest.TestLoader().getTestCaseNames(type(self)):
            self.setUp()
            getattr(self, name)()
            self.tearDown()
