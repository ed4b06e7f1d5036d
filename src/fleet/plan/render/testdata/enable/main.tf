variable "vpc_id" {
  type    = string
  default = "vpc-1"
}

resource "aws_vpc_ipv4_cidr_block_association" "pods_100_64_0_0_16" {
  vpc_id     = var.vpc_id
  cidr_block = "100.64.0.0/16"
}

resource "aws_subnet" "pods_us_west_2a" {
  vpc_id            = aws_vpc_ipv4_cidr_block_association.pods_100_64_0_0_16.vpc_id
  availability_zone = "us-west-2a"
  cidr_block        = "100.64.0.0/19"
  tags = {
    Name = "harbour-pods-us-west-2a"
  }
}

resource "aws_route_table_association" "pods_us_west_2a" {
  subnet_id      = aws_subnet.pods_us_west_2a.id
  route_table_id = "rtb-1"
}

resource "aws_subnet" "pods_us_west_2b" {
  vpc_id            = aws_vpc_ipv4_cidr_block_association.pods_100_64_0_0_16.vpc_id
  availability_zone = "us-west-2b"
  cidr_block        = "100.64.32.0/19"
  tags = {
    Name = "harbour-pods-us-west-2b"
  }
}

resource "aws_route_table_association" "pods_us_west_2b" {
  subnet_id      = aws_subnet.pods_us_west_2b.id
  route_table_id = "rtb-1"
}

resource "kubernetes_manifest" "eniconfig_us_west_2a" {
  manifest = {
    apiVersion = "crd.k8s.amazonaws.com/v1alpha1"
    kind       = "ENIConfig"
    metadata = {
      name = "us-west-2a"
    }
    spec = {
      subnet         = aws_subnet.pods_us_west_2a.id
      securityGroups = ["sg-nodes"]
    }
  }
}

resource "kubernetes_manifest" "eniconfig_us_west_2b" {
  manifest = {
    apiVersion = "crd.k8s.amazonaws.com/v1alpha1"
    kind       = "ENIConfig"
    metadata = {
      name = "us-west-2b"
    }
    spec = {
      subnet         = aws_subnet.pods_us_west_2b.id
      securityGroups = ["sg-nodes"]
    }
  }
}

resource "kubernetes_env" "aws_node" {
  api_version = "apps/v1"
  kind        = "DaemonSet"
  container   = "aws-node"
  force       = true
  depends_on  = [kubernetes_manifest.eniconfig_us_west_2a, kubernetes_manifest.eniconfig_us_west_2b]

  metadata {
    name      = "aws-node"
    namespace = "kube-system"
  }

  env {
    name  = "ENI_CONFIG_LABEL_DEF"
    value = "topology.kubernetes.io/zone"
  }

  env {
    name  = "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"
    value = "true"
  }
}
