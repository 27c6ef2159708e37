"""slicer.ScriptedLoadableModule: bases of a scripted module's classes, after Slicer's documentation."""

import logging
import os
import unittest

import ctk
import qt
import slicer

__all__ = ["ScriptedLoadableModule", "ScriptedLoadableModuleWidget", "ScriptedLoadableModuleLogic", "ScriptedLoadableModuleTest"]


def _resource(moduleName, filename):
    folder = os.path.dirname(slicer.util.modulePath(moduleName))
    return os.path.join(folder, "Resources", filename)


class ScriptedLoadableModule:
    """What Slicer shows of a module: title, categories, help."""

    def __init__(self, parent):
        self.parent = parent
        self.moduleName = self.__class__.__name__
        parent.title, parent.categories, parent.contributors = "", [], []
        parent.helpText = parent.acknowledgementText = ""
        setattr(slicer.modules, self.moduleName.lower(), parent)
        for ending in ("svg", "png"):
            icon = self.resourcePath(f"Icons/{self.moduleName}.{ending}")
            if os.path.isfile(icon):
                parent.icon = qt.QIcon(icon)
                break
        slicer.selfTests[self.moduleName] = self.runTest

    def resourcePath(self, filename):
        """Absolute path of a file in the module's Resources folder."""
        return _resource(self.moduleName, filename)

    def getDefaultModuleDocumentationLink(self, docPage=None):
        link = slicer.app.moduleDocumentationUrl(docPage or self.moduleName)
        return f'<p>For more information see the <a href="{link}">documentation</a>.</p>'

    def runTest(self, msec=100, **kwargs):
        """Run <Name>Test of the module's file."""
        module = __import__(self.moduleName)
        className = f"{self.moduleName}Test"
        assert hasattr(module, className), f"{className} is not in {self.moduleName}"
        test = getattr(module, className)()
        test.messageDelay = msec
        test.runTest(**kwargs)


class ScriptedLoadableModuleWidget:
    """The panel of a module; `self.layout` is where its contents go."""

    def __init__(self, parent=None):
        self.moduleName = self.__class__.__name__.removesuffix("Widget")
        self.developerMode = slicer.util.settingsValue("Developer/DeveloperMode", False, converter=slicer.util.toBool)
        standalone = parent is None
        if standalone:
            parent = slicer.qMRMLWidget()
            parent.setLayout(qt.QVBoxLayout())
            parent.setMRMLScene(slicer.mrmlScene)
        self.parent, self.layout = parent, parent.layout()
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._onModuleAboutToBeUnloaded)
        if standalone:
            self.setup()
            self.parent.show()

    def resourcePath(self, filename):
        """Absolute path of a file in the module's Resources folder."""
        return _resource(self.moduleName, filename)

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
        self.reloadCollapsibleButton = ctk.ctkCollapsibleButton()
        self.reloadCollapsibleButton.text = "Reload && Test"
        self.layout.addWidget(self.reloadCollapsibleButton)
        self.reloadButton = qt.QPushButton("Reload")
        self.reloadButton.connect("clicked()", self.onReload)
        self.reloadTestMenuButton = ctk.ctkMenuButton()
        self.reloadTestMenuButton.text = "Reload and Test"
        self.reloadTestMenuButton.connect("clicked()", self.onReloadAndTest)
        row = qt.QHBoxLayout(self.reloadCollapsibleButton)
        row.addWidget(self.reloadButton)
        row.addWidget(self.reloadTestMenuButton)

    def onReload(self):
        """Import the module's file anew and rebuild the panel."""
        logging.debug("Reloading %s", self.moduleName)
        slicer.util.reloadScriptedModule(self.moduleName)

    def onTest(self, **kwargs):
        slicer.selfTests[self.moduleName](**kwargs)

    def onReloadAndTest(self, **kwargs):
        with slicer.util.tryWithErrorDisplay("Reload and Test failed."):
            self.onReload()
            self.onTest(**kwargs)


class ScriptedLoadableModuleLogic:
    """Computation of a module, and its parameter node in the scene."""

    def __init__(self, parent=None):
        self.moduleName = self.__class__.__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self):
        """The module's one parameter node (made when there is none yet)."""
        nodes = self.getAllParameterNodes()
        return nodes[0] if nodes else self.createParameterNode()

    def getAllParameterNodes(self):
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self):
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetModuleName(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return slicer.mrmlScene.AddNode(node)


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Self test of a module: `runTest` runs every method whose name begins with "test"."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.messageDelay = 50
        self.enableScreenshots, self.screenshotScaleFactor = False, 1.0

    def setUp(self):
        slicer.mrmlScene.Clear(0)

    def delayDisplay(self, message, requestedDelay=None, msec=None):
        slicer.util.delayDisplay(message, msec if msec is not None else requestedDelay or self.messageDelay)

    def runTest(self, **kwargs):
        for name in unittest.TestLoader().getTestCaseNames(type(self)):
            self.setUp()
            getattr(self, name)()
            self.tearDown()
