"""slicer.app.coreIOManager(): read and write nodes and scenes with the real storage nodes and module logics."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import slicer
import vtk
from PySide6 import QtCore

from .scripted_reader import qSlicerScriptedFileReader, tell

# file type -> (node class, extensions that are recognised); the first type that fits a file name is used
TYPES = {
    "SceneFile": ("", (".mrml", ".mrb")),
    "SegmentationFile": ("vtkMRMLSegmentationNode", (".seg.nrrd", ".seg.nhdr", ".seg.vtm")),
    "SequenceFile": ("vtkMRMLSequenceNode", (".seq.nrrd", ".seq.mha", ".mrb")),
    "MarkupsFile": ("vtkMRMLMarkupsNode", (".mrk.json", ".fcsv", ".json")),
    "VolumeFile": ("vtkMRMLVolumeNode", (".nrrd", ".nhdr", ".mha", ".mhd", ".nii.gz", ".nii", ".dcm", ".hdr", ".img.gz", ".img")),
    "TransformFile": ("vtkMRMLTransformNode", (".h5", ".tfm", ".mat", ".txt")),
    "ModelFile": ("vtkMRMLModelNode", (".vtk", ".vtp", ".stl", ".obj", ".ply")),
    "TableFile": ("vtkMRMLTableNode", (".csv", ".tsv", ".schema.csv")),
    "ColorTableFile": ("vtkMRMLColorTableNode", (".ctbl",)),
    "TextFile": ("vtkMRMLTextNode", (".txt", ".json", ".xml")),
}


class qSlicerIOManager(QtCore.QObject):
    def __init__(self, scene, application_logic):
        super().__init__()
        self._scene, self._logic = scene, application_logic
        self._readers: dict[str, qSlicerScriptedFileReader] = {}

    def register(self, reader_class):
        """Take a scripted module's reader in."""
        reader = qSlicerScriptedFileReader(reader_class)
        self._readers[reader.fileType()] = reader

    # --- names
    def fileType(self, path):
        """Of the reader that is surest of the file; Slicer's own readers go by the name alone and say 0.5."""
        sure = {kind: reader.canLoadFileConfidence(str(path)) for kind, reader in self._readers.items()}
        own = next((kind for kind, (_, endings) in TYPES.items() if str(path).lower().endswith(endings)), "NoFile")
        best = max(sure, key=sure.get, default=own)
        return best if sure.get(best, 0) > (0 if own == "NoFile" else 0.5) else own

    def fileWriterFileType(self, node, extension=""):
        return next((kind for kind, (cls, _) in TYPES.items() if cls and node.IsA(cls)), "NoFile")

    def fileWriterExtensions(self, node):
        types = self._storage(node).GetSupportedWriteFileTypes()
        return [types.GetValue(index) for index in range(types.GetNumberOfValues())]

    def extractKnownExtension(self, path, node):
        return self._storage(node).GetSupportedFileExtension(str(path))

    def _storage(self, node):
        return node.GetStorageNode() or node.CreateDefaultStorageNode()

    # --- reading
    def loadNodes(self, kind, properties, loaded=None, messages=None):
        path = str(properties["fileName"])
        if kind == "SceneFile":
            return self._load_scene(path, properties.get("clear", True))
        if kind in self._readers:
            return self._load_scripted(self._readers[kind], path, properties, loaded, messages)
        node = self._read(kind, path, properties) if os.path.exists(path) else None
        if node is None:
            tell(messages, f"{path} cannot be read as {kind}")
            return False
        if properties.get("name"):
            node.SetName(properties["name"])
        if loaded is not None:
            loaded.AddItem(node)
        return True

    def _load_scripted(self, reader, path, properties, loaded, messages):
        if not reader.load(properties):
            tell(messages, reader.failure(path))
            return False
        for node_id in reader.loadedNodes if loaded is not None else ():
            loaded.AddItem(self._scene.GetNodeByID(node_id))
        return True

    def _read(self, kind, path, properties):
        name = properties.get("name") or Path(path).name.split(".")[0]
        if kind == "VolumeFile":
            options = int(properties.get("labelmap", False)) + 2 * int(properties.get("center", False))
            return slicer.modules.volumes.logic().AddArchetypeVolume(
                path, name, options + (8 if properties.get("singleFile") else 0)
            )
        if kind == "MarkupsFile":
            return self._scene.GetNodeByID(slicer.modules.markups.logic().LoadMarkups(path, name) or "")
        if kind == "TransformFile":
            return slicer.modules.transforms.logic().AddTransform(path, self._scene)
        if kind == "SegmentationFile":
            return slicer.modules.segmentations.logic().LoadSegmentationFromFile(path)
        if kind == "ModelFile":
            return slicer.modules.models.logic().AddModel(path)
        if kind not in TYPES:
            return None
        node = self._scene.AddNewNodeByClass(TYPES[kind][0], name)
        node.AddDefaultStorageNode(path)
        if node.GetStorageNode().ReadData(node):
            return node
        self._scene.RemoveNode(node)
        return None

    def _load_scene(self, path, clear):
        if path.lower().endswith(".mrb"):
            if clear:
                self._scene.Clear(False)
            folder = tempfile.mkdtemp(dir=self._logic.GetTemporaryPath())
            return bool(self._logic.OpenSlicerDataBundle(path, folder))
        self._scene.SetURL(path)
        return bool(self._scene.Connect() if clear else self._scene.Import())

    # --- writing
    def _add_storage_nodes(self):
        for index in range(self._scene.GetNumberOfNodes()):
            node = self._scene.GetNthNode(index)
            if node.IsA("vtkMRMLStorableNode") and node.GetSaveWithScene() and not node.GetHideFromEditors():
                node.AddDefaultStorageNode()

    def saveNodes(self, kind, properties, messages=None, scene=None):
        path = str(properties["fileName"])
        if kind == "SceneFile":
            return self.saveScene(path)
        node = self._scene.GetNodeByID(properties["nodeID"])
        node.AddDefaultStorageNode(path)
        storage = node.GetStorageNode()
        storage.SetFileName(path)
        if "useCompression" in properties:
            storage.SetUseCompression(int(properties["useCompression"]))
        return self._written(storage, node, path, messages)

    def _written(self, storage, node, path, messages):
        if storage.WriteData(node):
            return True
        tell(messages, f"{path} cannot be written")
        return False

    def exportNodes(self, ids, paths, properties, harden, messages=None):
        nodes = [self._scene.GetNodeByID(node_id) for node_id in ids]
        done = [self._export(node, str(path), harden, messages) for node, path in zip(nodes, paths, strict=True)]
        return all(done)

    def _export(self, node, path, harden, messages):
        copy = None
        if harden and node.GetParentTransformNode() is not None:
            copy = self._scene.AddNewNodeByClass(node.GetClassName())
            copy.Copy(node)
            copy.HardenTransform()
        storage = node.CreateDefaultStorageNode()
        storage.UnRegister(None)
        storage.SetFileName(path)
        done = self._written(storage, copy or node, path, messages)
        if copy is not None:
            self._scene.RemoveNode(copy)
        return done

    def saveScene(self, path, screenshot=None, messages=None):
        self._add_storage_nodes()
        path = str(path)
        if path.lower().endswith(".mrml"):
            self._scene.SetURL(path)
            return bool(self._scene.Commit(path))
        if not path.lower().endswith(".mrb"):
            os.makedirs(path, exist_ok=True)
            return bool(self._logic.SaveSceneToSlicerDataBundleDirectory(path, vtk.vtkImageData()))
        work = tempfile.mkdtemp(dir=self._logic.GetTemporaryPath())
        folder = os.path.join(work, Path(path).stem)
        os.makedirs(folder)
        saved = bool(self._logic.SaveSceneToSlicerDataBundleDirectory(folder, vtk.vtkImageData()))
        saved = saved and bool(self._logic.Zip(path, folder))
        shutil.rmtree(work)
        return saved

    @staticmethod
    def forceFileNameValidCharacters(name):
        return "".join(letter if letter.isalnum() or letter in " -_.()" else "_" for letter in name)
