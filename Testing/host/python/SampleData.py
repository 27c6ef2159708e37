"""SampleData: the registry of sample data, downloads into the cache, and the module's panel with one button per source."""

import logging
import os

import ctk
import qt
import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget


def _list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


class SampleDataSource:
    """One sample: where its files come from, or a function that makes it (called with this object by the panel's button)."""

    def __init__(
        self,
        sampleName=None,
        sampleDescription=None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        checksums=None,
        loadFiles=None,
        customDownloader=None,
        thumbnailFileName=None,
        loadFileTypes=None,
        loadFileProperties=None,
        loadFileType=None,
    ):
        if loadFileType is not None and loadFileTypes is not None:
            raise ValueError("Give loadFileTypes or loadFileType, not both")
        self.sampleName, self.sampleDescription = sampleName, sampleDescription or sampleName
        self.uris = _list(uris)
        count = len(uris) if isinstance(uris, (list, tuple)) else len([uris])
        self.fileNames, self.nodeNames = self._each(fileNames, count), self._each(nodeNames, count)
        self.checksums, self.loadFiles = self._each(checksums, count), self._each(loadFiles, count)
        self.loadFileTypes = self._each(loadFileTypes or loadFileType, count)
        self.loadFileProperties = loadFileProperties or {}
        self.customDownloader, self.thumbnailFileName = customDownloader, thumbnailFileName
        if not len(self.uris) == len(self.fileNames) == len(self.nodeNames) == len(self.checksums):
            raise ValueError(f"The lists of sample '{sampleName}' differ in length")

    @staticmethod
    def _each(value, count):
        return [None] * count if value is None else _list(value)

    def __str__(self):
        return repr((self.sampleName, self.uris, self.fileNames, self.nodeNames, self.checksums, self.customDownloader))

    def __eq__(self, other):
        return str(self) == str(other)


def _registry(name):
    if not hasattr(slicer.modules, name):
        setattr(slicer.modules, name, {})
    return getattr(slicer.modules, name)


class SampleDataLogic:
    @staticmethod
    def registerCustomSampleDataCategory(category, title):
        _registry("sampleDataSourceCategories")[category] = {"title": title}

    @staticmethod
    def registerCustomSampleDataSource(category="Custom", sampleName=None, uris=None, fileNames=None, nodeNames=None, **others):
        if uris is None:
            raise TypeError("uris of a sample must be a text or a list")
        source = SampleDataSource(sampleName=sampleName, uris=uris, fileNames=fileNames, nodeNames=nodeNames, **others)
        if not SampleDataLogic.isSampleDataSourceRegistered(category, source):
            _registry("sampleDataSources").setdefault(category, []).append(source)

    @staticmethod
    def isSampleDataSourceRegistered(category, sampleDataSource):
        return sampleDataSource in _registry("sampleDataSources").get(category, [])

    @staticmethod
    def sampleDataSourcesByCategory(category=None):
        sources = _registry("sampleDataSources")
        return sources if category is None else sources.get(category, [])

    @staticmethod
    def categoryTitle(category):
        return _registry("sampleDataSourceCategories").get(category, {}).get("title", category)

    def sourceForSampleName(self, sampleName):
        sources = (source for group in self.sampleDataSourcesByCategory().values() for source in group)
        return next((source for source in sources if source.sampleName == sampleName), None)

    def downloadFileIntoCache(self, uri, name, checksum=None, forceDownload=False):
        path = os.path.join(slicer.mrmlScene.GetCacheManager().GetRemoteCacheDirectory(), name)
        if forceDownload and os.path.exists(path):
            os.remove(path)
        if not slicer.util.downloadFile(uri, path, checksum):
            raise RuntimeError(f"{uri} cannot be downloaded")
        return path

    def downloadFromSource(self, source, maximumAttemptsCount=3, forceDownload=False):
        """Download and load the files of a source. A customDownloader is not called here, as in Slicer."""
        loaded = []
        parts = zip(source.uris, source.fileNames, source.nodeNames, source.checksums, source.loadFileTypes, strict=True)
        for uri, fileName, nodeName, checksum, fileType in parts:
            path = self.downloadFileIntoCache(uri, fileName, checksum, forceDownload)
            properties = {**source.loadFileProperties, **({"name": nodeName} if nodeName else {})}
            loaded.append(slicer.util.loadNodeFromFile(path, fileType or "VolumeFile", properties) if nodeName else path)
        return loaded

    def downloadSamples(self, sampleName):
        source = self.sourceForSampleName(sampleName)
        return self.downloadFromSource(source) if source is not None else []

    def downloadSample(self, sampleName):
        return self.downloadSamples(sampleName)[0]


class SampleData(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title, parent.categories = "Sample Data", ["Informatics"]


class SampleDataWidget(ScriptedLoadableModuleWidget):
    """A group of buttons per category, for the sources that are registered when the panel is made."""

    def setup(self):
        super().setup()
        self.logic = SampleDataLogic()
        self.setCategoriesFromSampleDataSources(self.layout, SampleDataLogic.sampleDataSourcesByCategory(), self.logic)

    @staticmethod
    def setCategoriesFromSampleDataSources(categoryLayout, dataSources, logic):
        for category, sources in dataSources.items():
            box = ctk.ctkCollapsibleGroupBox()
            box.title = logic.categoryTitle(category)
            box.name = f"{category}CollapsibleGroupBox"
            column = qt.QVBoxLayout(box)
            categoryLayout.addWidget(box)
            for source in sources:
                button = qt.QToolButton()
                button.text, button.name = source.sampleDescription, f"{source.sampleName}PushButton"
                if source.thumbnailFileName:
                    button.icon = qt.QIcon(source.thumbnailFileName)
                action = source.customDownloader or logic.downloadFromSource
                button.connect("clicked()", lambda source=source, action=action: action(source))
                column.addWidget(button)

    def logMessage(self, message, logLevel=logging.DEBUG):
        logging.log(logLevel, message)


def downloadSample(sampleName):
    return SampleDataLogic().downloadSample(sampleName)


def downloadSamples(sampleName):
    return SampleDataLogic().downloadSamples(sampleName)
