"""SampleData: the registry of samples that modules make themselves, and the module's panel with one button per sample."""

import ctk
import qt
import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget


class SampleDataSource:
    """One sample: `customDownloader` makes it, called with this object by the panel's button."""

    def __init__(
        self,
        sampleName=None,
        sampleDescription=None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        customDownloader=None,
        thumbnailFileName=None,
    ):
        if customDownloader is None:
            raise NotImplementedError(f"Sample '{sampleName}': the host downloads no files, it needs a customDownloader")
        files = [value if isinstance(value, (list, tuple)) else [value] for value in (uris, fileNames, nodeNames)]
        if len({len(values) for values in files}) > 1:
            raise ValueError(f"The lists of sample '{sampleName}' differ in length")
        self.uris, self.fileNames, self.nodeNames = files
        self.sampleName, self.sampleDescription = sampleName, sampleDescription or sampleName
        self.customDownloader, self.thumbnailFileName = customDownloader, thumbnailFileName

    def __eq__(self, other):
        return vars(self) == vars(other)


def _registry(name):
    if not hasattr(slicer.modules, name):
        setattr(slicer.modules, name, {})
    return getattr(slicer.modules, name)


class SampleDataLogic:
    @staticmethod
    def registerCustomSampleDataCategory(category, title):
        _registry("sampleDataSourceCategories")[category] = {"title": title}

    @staticmethod
    def registerCustomSampleDataSource(category="Custom", sampleName=None, uris=None, **others):
        if uris is None:
            raise TypeError("uris of a sample must be a text or a list")
        source = SampleDataSource(sampleName=sampleName, uris=uris, **others)
        registered = _registry("sampleDataSources").setdefault(category, [])
        if source not in registered:
            registered.append(source)

    @staticmethod
    def sampleDataSourcesByCategory(category=None):
        sources = _registry("sampleDataSources")
        return sources if category is None else sources.get(category, [])

    @staticmethod
    def categoryTitle(category):
        return _registry("sampleDataSourceCategories").get(category, {}).get("title", category)


class SampleData(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title, parent.categories = "Sample Data", ["Informatics"]


class SampleDataWidget(ScriptedLoadableModuleWidget):
    """A group of buttons per category, for the sources that are registered when the panel is made."""

    def setup(self):
        super().setup()
        for category, sources in SampleDataLogic.sampleDataSourcesByCategory().items():
            box = ctk.ctkCollapsibleGroupBox()
            box.title = SampleDataLogic.categoryTitle(category)
            box.name = f"{category}CollapsibleGroupBox"
            column = qt.QVBoxLayout(box)
            self.layout.addWidget(box)
            for source in sources:
                button = qt.QToolButton()
                button.text, button.name = source.sampleDescription, f"{source.sampleName}PushButton"
                if source.thumbnailFileName:
                    button.icon = qt.QIcon(source.thumbnailFileName)
                button.connect("clicked()", lambda source=source: source.customDownloader(source))
                column.addWidget(button)
